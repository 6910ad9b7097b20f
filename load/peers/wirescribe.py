"""Ourselves: the native protocol, played by ``load.stream``, and what a page would show of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from load.peers.display import Display, Played, changes, joined
from load.trace import Heard, Trace, suppressed_segment
from streaming.client import Final, Partial

_ROOT = Path(__file__).parents[2]


def displays(heard: Iterable[Heard]) -> tuple[Display, ...]:
    """The texts of all segments one after the other, after each event that changes one."""
    segments: dict[int, Partial | Final] = {}
    shown: list[Display] = []
    for one in heard:
        event = one.event
        suppressed = suppressed_segment(event)
        if isinstance(event, Partial | Final):
            segments[event.segment] = event
        elif suppressed is None or segments.pop(suppressed, None) is None:
            continue
        shown.append(_display(one.at_s, [segments[key] for key in sorted(segments)]))
    return changes(shown)


def _display(at_s: float, texts: Sequence[Partial | Final]) -> Display:
    final: list[str] = []
    index = 0
    while index < len(texts) and isinstance(texts[index], Final):
        final.append(texts[index].text)
        index += 1
    promised = ""
    tentative: list[str] = []
    if index < len(texts):
        first = texts[index]
        if isinstance(first, Partial):
            promised = first.committed
            tentative.append(first.tentative)
        tentative += [later.text for later in texts[index + 1 :]]
    return Display(at_s, joined(final), promised.strip(), joined(tentative))


def as_played(trace: Trace) -> Played:
    """A trace of ours as any server's session."""
    return Played(
        displays=displays(trace.heard),
        sent_s=trace.sent_s,
        sent_bytes=trace.sent_bytes,
        end_sent_at_s=trace.end_sent_at_s,
        lateness_s=trace.lateness_s,
        close_code=trace.close_code,
        failure=trace.failure,
        speed=trace.speed,
    )


def command(port: int, model_dir: Path, extra: Sequence[str]) -> list[str]:
    """Starts this repository's server with its defaults."""
    server = str(_ROOT / "server.py")
    return [sys.executable, server, "--port", str(port), "--model", str(model_dir), *extra]
