from __future__ import annotations

from load.contract import breaches
from load.peers.display import Display, Played, as_trace, changes, joined
from streaming.client import Final, Partial


def played(*displays: Display) -> Played:
    return Played(displays=displays, sent_s=3.0, sent_bytes=96000, close_code=1000)


SHOWN = (
    Display(0.5, tentative="one too"),
    Display(1.0, promised="one", tentative="two"),
    Display(1.5, final="One.", promised="two", tentative="three"),
    Display(2.0, final="One. Two three."),
)


def test_parts_are_joined_with_one_space() -> None:
    assert joined((" One. ", "", "  ", " two")) == "One. two"
    assert SHOWN[2].text == "One. two three"


def test_the_same_text_again_is_no_change() -> None:
    again = Display(1.2, promised="one", tentative="two")
    assert changes((SHOWN[0], SHOWN[1], again, SHOWN[2])) == SHOWN[:3]


def test_a_word_that_moves_from_tentative_to_promised_is_a_change() -> None:
    assert len(changes((Display(1.0, tentative="a"), Display(2.0, promised="a")))) == 2


def test_the_trace_holds_promises_as_committed_and_ends_with_the_last_text() -> None:
    trace = as_trace(played(*SHOWN))
    partials = [h.event for h in trace.heard if isinstance(h.event, Partial)]
    assert [p.committed for p in partials] == ["", "one", "One. two", "One. Two three."]
    assert [p.text for p in partials] == [
        "one too",
        "one two",
        "One. two three",
        "One. Two three.",
    ]
    assert [p.revision for p in partials] == [1, 2, 3, 4]
    last = trace.heard[-1]
    assert isinstance(last.event, Final)
    assert (last.at_s, last.event.text) == (2.0, "One. Two three.")


def test_only_what_was_called_final_is_committed_where_finals_are_asked_for() -> None:
    trace = as_trace(played(*SHOWN), finals_only=True)
    partials = [h.event for h in trace.heard if isinstance(h.event, Partial)]
    assert [p.committed for p in partials] == ["", "", "One.", "One. Two three."]
    assert [p.text for p in partials] == [display.text for display in SHOWN]


def test_the_trace_of_a_server_that_keeps_its_word_breaks_no_promise_but_the_counts() -> None:
    kept = as_trace(played(Display(0.5, promised="a", tentative="b"), Display(1.0, final="a b")))
    # Counting the audio is something that no peer does.
    assert breaches(kept) == ["no ended"]


def test_a_text_that_is_taken_back_whole_stays_a_text() -> None:
    trace = as_trace(played(Display(0.5, tentative="noise"), Display(1.0)))
    texts = [h.event.text for h in trace.heard if isinstance(h.event, Partial)]
    assert texts == ["noise", ""]
    assert not any(isinstance(h.event, Final) for h in trace.heard)


def test_nothing_shown_is_nothing_heard() -> None:
    assert as_trace(played()).heard == ()
    assert played().last_change_s is None
