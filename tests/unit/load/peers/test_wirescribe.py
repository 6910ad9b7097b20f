from __future__ import annotations

from pathlib import Path

from load.peers.display import Display
from load.peers.wirescribe import as_played, command, displays
from load.trace import Failure, Heard, Trace
from streaming.client import Ack, Event, Final, Partial, Warned


def partial(segment: int, committed: str, tentative: str = "") -> Partial:
    return Partial(segment, 1, 0, 0, 0, committed + tentative, committed, tentative, "en")


def final(segment: int, text: str) -> Final:
    return Final(segment, 0, 0, 1000, text)


def heard(*events: Event) -> list[Heard]:
    return [Heard(float(index), event) for index, event in enumerate(events, start=1)]


def test_finals_stay_and_the_open_segment_follows() -> None:
    shown = displays(
        heard(
            partial(0, "", "One too"),
            partial(0, "One", " two"),
            final(0, "One two."),
            partial(1, "", "Three"),
        )
    )
    assert shown == (
        Display(1.0, tentative="One too"),
        Display(2.0, promised="One", tentative="two"),
        Display(3.0, final="One two."),
        Display(4.0, final="One two.", tentative="Three"),
    )


def test_a_later_segment_is_shown_behind_one_that_is_still_open() -> None:
    shown = displays(heard(partial(0, "One"), partial(1, "Two", " three"), final(1, "Two three.")))
    # What stands behind an open text isn't settled yet, however sure it is of itself.
    assert shown[1] == Display(2.0, promised="One", tentative="Two three")
    assert shown[2] == Display(3.0, promised="One", tentative="Two three.")


def test_a_suppressed_segment_is_taken_off_the_screen() -> None:
    gone = Warned("suppressed", "", (("reason", "loop"), ("segment", 0)))
    shown = displays(heard(partial(0, "", "noise"), gone))
    assert shown[-1] == Display(2.0)


def test_a_suppressed_segment_that_never_was_shown_changes_nothing() -> None:
    gone = Warned("suppressed", "", (("reason", "loop"), ("segment", 4)))
    assert displays(heard(final(0, "One."), gone)) == (Display(1.0, final="One."),)


def test_other_events_show_nothing() -> None:
    assert displays(heard(Ack(10, 10))) == ()


def test_a_trace_keeps_its_bookkeeping() -> None:
    failure = Failure("drain_timeout", "no end")
    trace = Trace(tuple(heard(final(0, "One."))), 64000, 2.0, 2.1, (0.0, 0.01), None, failure)
    played = as_played(trace)
    assert (played.sent_s, played.sent_bytes, played.end_sent_at_s) == (2.0, 64000, 2.1)
    assert (played.failure, played.lateness_s, played.last_change_s) == (failure, (0.0, 0.01), 1.0)


def test_the_command_starts_this_repository() -> None:
    _, server, *rest = command(4000, Path("model"), ["--device", "cpu"])
    assert Path(server).name == "server.py"
    assert Path(server).is_file()
    assert rest == ["--port", "4000", "--model", "model", "--device", "cpu"]
