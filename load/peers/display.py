"""What a user of any server has on the screen: one growing text, and what was promised of it.

Servers cut speech into segments at different places and of different lengths, or not at all. Their
words can only be followed alike when the cuts are taken out: everything shown is one text, whose
beginning is final, then promised to stay, then only proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from load.trace import Failure, Heard, Trace
from streaming.client import Final, Partial


@dataclass(frozen=True, slots=True)
class Display:
    """The text on the screen from ``at_s`` on (seconds after the moment of stream time 0).

    The three parts follow one another: ``final`` was said to be so for good, ``promised`` to stay,
    ``tentative`` may change.
    """

    at_s: float
    final: str = ""
    promised: str = ""
    tentative: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return joined((self.final, self.promised, self.tentative))

    def says_the_same(self, other: Display | None) -> bool:
        """Whether nothing but the time is different."""
        return other is not None and replace(self, at_s=other.at_s) == other


@dataclass(frozen=True, slots=True)
class Played:
    """One session with any server, as its user saw it."""

    displays: tuple[Display, ...]
    sent_s: float
    sent_bytes: int = field(repr=False, default=0)
    end_sent_at_s: float | None = None
    lateness_s: tuple[float, ...] = ()
    close_code: int | None = None
    failure: Failure | None = None
    speed: float = 1.0

    @property
    def last_change_s(self) -> float | None:
        """When the text on the screen changed last."""
        return self.displays[-1].at_s if self.displays else None


def joined(parts: Iterable[str]) -> str:
    """Texts one after the other with a space between them."""
    return " ".join(text for part in parts if (text := part.strip()))


def changes(displays: Sequence[Display]) -> tuple[Display, ...]:
    """The displays without those that say what the one before said."""
    kept: list[Display] = []
    for display in displays:
        if not display.says_the_same(kept[-1] if kept else None):
            kept.append(display)
    return tuple(kept)


def as_trace(played: Played, *, finals_only: bool = False) -> Trace:
    """The session as a trace with one segment, for ``load.score``.

    ``committed`` of each partial is what was promised or final; with ``finals_only`` only what was
    final. The last text is the segment's final, at the moment at which it appeared: what never was
    called final counts as such from there on, for every server alike.
    """
    shown = changes(played.displays)
    heard = [
        Heard(display.at_s, _partial(display, revision, finals_only))
        for revision, display in enumerate(shown, start=1)
        if display.text or revision > 1
    ]
    if shown and shown[-1].text:
        last = shown[-1]
        end_ms = round(played.sent_s * 1000)
        heard.append(
            Heard(
                last.at_s,
                Final(segment=0, channel=0, start_ms=0, end_ms=end_ms, text=last.text),
            )
        )
    return Trace(
        heard=tuple(heard),
        sent_bytes=played.sent_bytes,
        sent_s=played.sent_s,
        end_sent_at_s=played.end_sent_at_s,
        lateness_s=played.lateness_s,
        close_code=played.close_code,
        failure=played.failure,
        speed=played.speed,
    )


def _partial(display: Display, revision: int, finals_only: bool) -> Partial:
    settled = (display.final,) if finals_only else (display.final, display.promised)
    open_parts = (display.promised, display.tentative) if finals_only else (display.tentative,)
    committed, tentative = joined(settled), joined(open_parts)
    space = " " if committed and tentative else ""
    return Partial(
        segment=0,
        revision=revision,
        channel=0,
        start_ms=0,
        end_ms=round(display.at_s * 1000),
        text=committed + space + tentative,
        committed=committed,
        tentative=space + tentative,
    )
