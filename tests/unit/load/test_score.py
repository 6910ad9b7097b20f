from __future__ import annotations

import numpy as np
import pytest

from load.programme import Programme, Utterance
from load.score import score
from load.summary import summarise
from load.trace import Asked, Failure, Heard, Trace
from load.wire import WireFormat
from streaming.client import Ended, Event, Final, Finalized, Partial, Started, Warned, Word

UTTERANCES = (
    Utterance("a.wav", "s", 0, 0.0, 1.5, "The cat", ("The", "cat"), (0.5, 1.0)),
    Utterance("b.wav", "s", 0, 1.8, 3.0, "sat down.", ("sat", "down."), (2.2, 2.6)),
)


def programme(
    utterances: tuple[Utterance, ...] = UTTERANCES, language: str | None = "en"
) -> Programme:
    return Programme("p", WireFormat(), np.zeros((1, 48000), np.float32), utterances, language)


def trace(*heard: tuple[float, Event], **changes: object) -> Trace:
    values: dict[str, object] = {
        "sent_bytes": 96000,
        "sent_s": 3.0,
        "end_sent_at_s": 3.0,
        "lateness_s": (0.0, 0.01),
        "close_code": 1000,
    }
    events = tuple(Heard(at_s, event) for at_s, event in heard)
    return Trace(heard=events, **(values | changes))  # type: ignore[arg-type]


def partial(segment: int, revision: int, committed: str, tentative: str = "") -> Partial:
    return Partial(segment, revision, 0, 0, 0, committed + tentative, committed, tentative, "en")


def final(segment: int, text: str, start_ms: int, end_ms: int, reason: str) -> Final:
    words = text.split()
    step = (end_ms - start_ms) // len(words)
    timed = tuple(
        Word(
            word if index == 0 else f" {word}",
            start_ms + index * step,
            start_ms + (index + 1) * step,
            0.9,
        )
        for index, word in enumerate(words)
    )
    return Final(segment, 0, start_ms, end_ms, text, 0.8, "en", 1.0, reason, timed)


HEARD: tuple[tuple[float, Event], ...] = (
    (-0.9, Started("s")),
    (0.9, partial(0, 1, "", "The")),
    (1.4, partial(0, 2, "The", " cap")),
    (1.8, final(0, "The cat", 0, 1000, "silence")),
    (2.9, partial(1, 1, "", "Sat")),
    (3.4, final(1, "Sat down", 1800, 2600, "end")),
    (3.5, Ended(3000, 2, 4)),
)


def test_every_figure_by_hand() -> None:
    found = score(programme(), trace(*HEARD))
    assert found.ok
    assert found.errors.errors == 0
    assert found.timed_words == 4
    latencies = [
        (word.first_shown_s, word.stable_s, word.committed_s, word.final_s) for word in found.words
    ]
    assert latencies == [
        pytest.approx((0.4, 0.4, 0.9, 1.3)),  # The: said 0.5, shown 0.9, committed 1.4, final 1.8
        pytest.approx((0.8, 0.8, 0.8, 0.8)),  # cat: said 1.0, first right in the final at 1.8
        pytest.approx((0.7, 0.7, 1.2, 1.2)),  # sat: said 2.2, shown 2.9, final 3.4
        pytest.approx((0.8, 0.8, 0.8, 0.8)),  # down: said 2.6, final 3.4
    ]
    silence, end = found.segments
    assert (silence.reason, silence.after_request_s, end.reason) == ("silence", None, "end")
    assert (silence.first_s, silence.finalise_s) == pytest.approx((0.4, 0.8))
    assert (end.first_s, end.finalise_s, end.after_request_s) == pytest.approx((0.7, 0.8, 0.4))
    assert (found.erasure.erased_words, found.erasure.committed_words) == (1, 0)
    assert found.erasure.normalised == pytest.approx(1 / 4)
    assert found.lost_s == 0
    assert found.confidences == (0.8, 0.8)


def test_a_pause_that_was_taken_for_an_end_is_counted() -> None:
    events: list[tuple[float, Event]] = [
        (1.8, final(0, "The cat", 0, 1000, "silence")),
        (2.9, final(1, "sat", 1800, 2200, "silence")),
        (3.4, final(2, "down", 2300, 2600, "silence")),
        (3.5, Ended(3000, 3, 4)),
    ]
    found = score(programme(), trace(*events))
    assert [segment.inside for segment in found.segments] == [False, True, False]
    assert summarise([found]).inside == 1
    asked = [*events[:1], (2.9, final(1, "sat", 1800, 2200, "finalize")), *events[2:]]
    assert summarise([score(programme(), trace(*asked))]).inside == 0  # no pause was taken for it


@pytest.mark.parametrize(("end_ms", "after_s"), [(2_700, 0.8), (2_500, 1.2)])
def test_words_behind_the_last_one_are_the_finals_if_said_within_it(
    end_ms: int, after_s: float
) -> None:
    heard = (*HEARD[:-2], (3.4, final(1, "Sat", 1800, end_ms, "silence")), (3.5, Ended(3000, 2, 3)))
    _, last = score(programme(), trace(*heard)).segments
    assert last.finalise_s == pytest.approx(after_s)  # "down" ended at 2.6, "sat" at 2.2


def test_twice_real_time_measures_from_when_it_was_played() -> None:
    found = score(programme(), trace(*HEARD, speed=2.0))
    # "The" was played at 0.25 s, "down" at 1.3 s.
    assert found.words[0].first_shown_s == pytest.approx(0.65)
    assert found.words[3].final_s == pytest.approx(2.1)
    assert found.segments[0].finalise_s == pytest.approx(1.8 - 0.5)


def test_a_session_cut_short() -> None:
    failed = trace(*HEARD[:4], failure=Failure("connection_lost", "", 1006), close_code=1006)
    found = score(programme(), failed)
    assert not found.ok
    assert found.lost_s == 3.0
    assert (found.errors.deletions, found.errors.tokens) == (2, 4)
    assert found.breaches == ()


def test_audio_that_was_not_counted_is_lost() -> None:
    found = score(programme(), trace(*HEARD[:-1], (3.5, Ended(2500, 2, 4))))
    assert found.lost_s == 0.5
    assert not found.ok
    assert found.breaches == ("ended with 2500 ms of audio, 3000 ms were sent",)


def test_words_where_nothing_was_said_are_invented() -> None:
    noise = (Utterance("n.wav", "nonspeech", 0, 0.0, 3.0, None),)
    events: list[tuple[float, Event]] = [
        (1.0, partial(0, 1, "", "Thank you")),
        (1.2, final(0, "Thank you", 0, 900, "silence")),
        (1.3, partial(1, 1, "", "Oh")),
        (1.4, Warned("suppressed", "", (("reason", "not_speech"), ("segment", 1)))),
        (3.5, Ended(3000, 1, 2)),
    ]
    found = score(programme(noise, None), trace(*events))
    assert (found.speech, found.invented_words) == (False, 2)
    assert found.suppressed == ("not_speech",)
    assert found.erasure.erased_words == 1
    total = summarise([found])
    assert total.invented_per_hour == pytest.approx(2400)
    assert total.rates == ()
    assert total.coverage is None


def test_two_channels_are_scored_apart() -> None:
    two = Programme(
        "p",
        WireFormat(channels=2),
        np.zeros((2, 48000), np.float32),
        (
            Utterance("f", "s", 0, 0.0, 3.0, "left side", ("left", "side")),
            Utterance("f", "s", 1, 0.0, 3.0, "right side", ("right", "side")),
        ),
        "en",
    )
    crossed: list[tuple[float, Event]] = [
        (1.0, final(0, "left side", 0, 900, "end")),
        (1.1, Final(1, 1, 0, 900, "left side", None, "en", None, "end")),
        (3.5, Ended(3000, 2, 4)),
    ]
    found = score(two, trace(*crossed))
    assert (found.errors.hits, found.errors.substitutions) == (3, 1)
    assert found.timed_words == 0
    assert found.words == ()


def test_a_run_is_pooled() -> None:
    one = score(programme(), trace(*HEARD))
    lost = Failure("overloaded", "full", 1013)
    none = score(programme(), trace(failure=lost, close_code=1013, sent_s=0.0))
    total = summarise([one, none])
    assert (total.sessions, total.failed) == (2, 1)
    assert total.failures == {"overloaded": 1}
    assert total.closes == {"1000": 1, "1013": 1}
    assert total.coverage == pytest.approx(4 / 8)
    assert total.rates[0].rate == pytest.approx(4 / 8)
    assert total.first_shown is not None
    assert total.first_shown.count == 4
    assert total.first_shown.p50 == pytest.approx(0.75)
    assert set(total.finalise) == {"silence", "end"}
    assert total.cost is None


def test_finals_that_were_asked_for_count_from_the_request() -> None:
    events: list[tuple[float, Event]] = [
        (1.6, final(0, "The cat", 0, 1480, "finalize")),
        (1.7, Finalized("1", 1500)),
        (3.5, final(1, "Sat down", 1800, 3000, "finalize")),
        (3.6, Finalized("2", 3000)),
        (3.7, Ended(3000, 2, 4)),
    ]
    asked = (Asked("1", 1.5, 1.5), Asked("2", 3.0, 3.0))
    found = score(programme(), trace(*events, finalizes=asked))
    assert found.ok
    assert [segment.after_request_s for segment in found.segments] == pytest.approx([0.1, 0.5])
    assert found.finalized_s == pytest.approx((0.2, 0.6))
    total = summarise([found])
    assert total.after_finalize is not None
    assert total.after_finalize.maximum == pytest.approx(0.5)
    assert total.finalized is not None
    assert total.after_end is None
    assert total.after_speech is None  # nobody waited for silence


def test_a_pause_in_sending_is_no_stream_time_but_it_is_time() -> None:
    later = [(at_s + 2.0 if at_s > 1.8 else at_s, event) for at_s, event in HEARD]
    found = score(programme(), trace(*later, pauses=((1.5, 2.0),)))
    # "sat" and "down" are spoken after the pause, and heard so much later as well.
    assert found.words[2].first_shown_s == pytest.approx(0.7)
    assert [word.spoken_s for word in found.words] == pytest.approx([0.5, 1.0, 4.2, 4.6])


def test_slow_readers_are_scored_apart() -> None:
    one = score(programme(), trace(*HEARD))
    slow = score(programme(), trace(*HEARD), slow=True)
    word = Failure("client_too_slow", "", 4460)
    left = score(programme(), trace(*HEARD[:3], failure=word, close_code=4460), slow=True)
    other = Failure("internal", "", 1011)
    broken = score(programme(), trace(*HEARD[:3], failure=other, close_code=1011), slow=True)
    total = summarise([one, slow, left, broken])
    assert (total.sessions, total.failed, total.lost_s) == (4, 1, 0.0)
    assert total.audio_s == 3.0
    assert total.first_shown is not None
    assert total.first_shown.count == 4
    assert total.slow is not None
    assert (total.slow.sessions, total.slow.ended) == (3, 1)
    assert total.slow.outcomes == {"client_too_slow (4460)": 1, "internal (1011)": 1}
    assert total.error_rate == 0.0
    # One that reads has no excuse.
    assert not score(programme(), trace(failure=word, close_code=4460)).ok
