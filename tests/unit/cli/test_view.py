"""Plain text in the order of its start, and sources in theirs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from streaming.cli.view import PlainText, Turn, Views
from streaming.events import EndReason, Final, Partial, Suppressed

PARTIAL = Partial(0, 1, 0, 0, 500, "part", "ial", "en")
SUPPRESSED = Suppressed(0, 0, 0, 500, "no_speech")


def final(text: str, start_ms: int, channel: int = 0) -> Final:
    return Final(0, channel, start_ms, start_ms + 900, text, 0.9, "en", 0.9, EndReason.SILENCE)


class Log:
    """Keeps what a view is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def begin(
        self, name: str, number: int, duration_ms: int | None, speakers: Mapping[int, str]
    ) -> None:
        self.calls.append(("begin", name))

    def partial(self, said: Partial) -> None:
        self.calls.append(("partial",))

    def final(self, final: Final) -> None:
        self.calls.append(("final", final.text))

    def suppressed(self, suppressed: Suppressed) -> None:
        self.calls.append(("suppressed",))

    def position(self, received_ms: int, decoded_ms: int) -> None:
        self.calls.append(("position", received_ms, decoded_ms))

    def end(self) -> None:
        self.calls.append(("end",))

    def close(self) -> None:
        self.calls.append(("close",))


def test_a_final_is_written_as_soon_as_nothing_can_come_before_it() -> None:
    out = io.StringIO()
    view = PlainText(out, sources=1)
    view.begin("a", 0, None, {0: "ann", 1: "bob"})

    view.final(final("second", 1_000, channel=1))
    view.partial(PARTIAL)
    view.suppressed(SUPPRESSED)
    view.position(3_000, 500)
    assert out.getvalue() == ""

    view.final(final("first", 500, channel=0))
    view.position(3_000, 1_000)
    assert out.getvalue() == "ann: first\n"

    view.position(3_000, 1_001)
    assert out.getvalue() == "ann: first\nbob: second\n"


def test_the_end_writes_what_is_left_in_order() -> None:
    out = io.StringIO()
    view = PlainText(out, sources=2)
    view.begin("a", 0, None, {})
    view.final(final("late", 9_000))
    view.final(final("soon", 2_000))
    view.end()
    view.begin("b", 1, None, {})
    view.end()
    view.close()

    assert out.getvalue() == "==> a <==\nsoon\nlate\n\n==> b <==\n"


def test_before_its_turn_a_source_is_kept_and_then_shown_at_once() -> None:
    log = Log()
    turn = Turn(log)
    turn.begin("a", 0, None, {})
    turn.partial(PARTIAL)
    turn.position(1, 0)
    turn.final(final("early", 0))
    turn.suppressed(SUPPRESSED)
    assert log.calls == []

    turn.come()
    assert log.calls == [("begin", "a"), ("final", "early"), ("suppressed",)]

    log.calls.clear()
    turn.partial(PARTIAL)
    turn.position(2, 1)
    turn.final(final("late", 5))
    turn.end()
    turn.close()
    assert log.calls == [("partial",), ("position", 2, 1), ("final", "late"), ("end",)]

    turn.come()
    assert len(log.calls) == 4


def test_several_views_see_the_same() -> None:
    logs = [Log(), Log()]
    views = Views(*logs)
    views.begin("a", 0, None, {})
    views.partial(PARTIAL)
    views.final(final("x", 0))
    views.suppressed(SUPPRESSED)
    views.position(1, 2)
    views.end()
    views.close()

    assert logs[0].calls == logs[1].calls
    assert [call[0] for call in logs[0].calls] == [
        "begin", "partial", "final", "suppressed", "position", "end", "close",
    ]  # fmt: skip
