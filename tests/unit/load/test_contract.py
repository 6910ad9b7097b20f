from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from load.contract import breaches
from load.trace import Asked, Failure, Heard, Trace
from streaming.client import Ack, Ended, Event, Final, Finalized, Partial, Warned, Word

PARTIAL = Partial(0, 1, 0, 0, 900, "a b", "a", " b", "en")
FINAL = Final(
    0, 0, 0, 1000, "a b", 0.9, "en", 1.0, "silence", (Word("a", 0, 500), Word(" b", 500, 1000))
)
ENDED = Ended(2000, 1, 2)


def trace(*events: Event, sent_s: float = 2.0, failure: Failure | None = None) -> Trace:
    return Trace(
        heard=tuple(Heard(float(i), event) for i, event in enumerate(events)),
        sent_bytes=0,
        sent_s=sent_s,
        end_sent_at_s=2.0,
        lateness_s=(),
        close_code=1000,
        failure=failure,
    )


def test_a_session_in_good_order() -> None:
    later = replace(PARTIAL, revision=2, committed="a b", tentative="")
    suppressed = Warned("suppressed", "", (("reason", "music"), ("segment", 1)))
    events: list[Event] = [
        PARTIAL,
        later,
        Ack(900, 500),
        FINAL,
        replace(PARTIAL, segment=1),
        suppressed,
    ]
    assert breaches(trace(*events, Ack(900, 900), ENDED)) == []


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([PARTIAL, PARTIAL, FINAL, ENDED], "segment 0: revision 1 after 1"),
        (
            [
                PARTIAL,
                replace(PARTIAL, revision=2, committed="x", tentative=" b", text="x b"),
                FINAL,
                ENDED,
            ],
            "segment 0: committed text changed",
        ),
        (
            [replace(PARTIAL, text="a c"), FINAL, ENDED],
            "segment 0: text is not committed and tentative joined",
        ),
        ([FINAL, PARTIAL, ENDED], "segment 0: partial after its end"),
        ([FINAL, FINAL, ENDED], "segment 0: a second final"),
        (
            [replace(FINAL, segment=2), replace(FINAL, segment=1), replace(ENDED, segments=2)],
            "segment 1: final after that of segment 2",
        ),
        ([replace(FINAL, text=" ", words=()), ENDED], "segment 0: final without text"),
        (
            [replace(FINAL, words=FINAL.words[::-1], text=" b a"), ENDED],
            "segment 0: word times go back",
        ),
        ([replace(FINAL, end_ms=900), ENDED], "segment 0: word ends after its segment"),
        ([replace(FINAL, text="a c"), ENDED], "segment 0: words joined are not the text"),
        ([PARTIAL, ENDED], "segment 0: partials but no final"),
        ([FINAL], "no ended"),
        ([Ack(5, 5), Ack(6, 4), ENDED], "ack: decoded_ms went back"),
        ([replace(ENDED, audio_ms=1000)], "ended with 1000 ms of audio, 2000 ms were sent"),
        ([FINAL, replace(ENDED, segments=0)], "ended counts 0 segments, 1 finals came"),
        ([Ack(7, 5), Ack(6, 5), ENDED], "ack: received_ms went back"),
        ([Ack(5, 6), ENDED], "ack: more decoded than received"),
        ([ENDED, Ack(1, 1)], "ack after ended"),
    ],
)
def test_every_broken_promise_is_named(events: Sequence[Event], says: str) -> None:
    assert says in breaches(trace(*events))


def test_a_failed_session_is_not_held_to_its_end() -> None:
    assert breaches(trace(PARTIAL, failure=Failure("overloaded", "no room", 1013))) == []


def test_every_finalize_is_answered() -> None:
    asked = (Asked("1", 1.0, 1.0), Asked("2", 2.0, 2.0))
    heard = replace(trace(FINAL, Finalized("1", 1000), ENDED), finalizes=asked)
    assert breaches(heard) == ["finalize 2: no answer"]
