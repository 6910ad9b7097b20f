"""What one connection reports: ages of texts, words taken back, and how it ended."""

from __future__ import annotations

import time

import pytest

from load.erasure import common_prefix
from load.text import folded
from streaming.errors import BadMessage, Overloaded
from streaming.events import EndReason, Final, Partial, Suppressed
from streaming.metrics import Metrics
from streaming.options import SessionConfig
from streaming.session import Session
from streaming.transports.codec import Ack, Notice
from streaming.transports.outbox import Numbered
from streaming.transports.tally import Tally, retracted


def partial(text: str, end_ms: int, segment: int = 0, start_ms: int = 0) -> Partial:
    return Partial(segment, 1, 0, start_ms, end_ms, "", text, "en")


def final(text: str, segment: int = 0, **fields: int) -> Final:
    words = len(text.split())
    return Final(
        segment, 0, 0, 2_000, text, 0.9, "en", 1.0, EndReason.SILENCE, None, words, **fields
    )


def item(notice: Notice, seq: int | None = None, *, late: bool = False) -> Numbered:
    return Numbered(seq, notice, late)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def tally(metrics: Metrics) -> Tally:
    it = Tally(metrics, "native")
    for second in range(4):  # a second of stereo a second
        it.arrived(second * 1_000, 1_000.0, 2, 100.0 + second)
    return it


def test_audio_is_counted_over_all_channels(metrics: Metrics, tally: Tally) -> None:
    assert metrics.value("audio_received_seconds_total") == pytest.approx(8.0)


def test_a_partial_is_as_old_as_its_newest_audio(metrics: Metrics, tally: Tally) -> None:
    tally.sent(item(partial("one", 1_500)), 101.25)  # came with the second piece, at 101
    tally.sent(item(partial("one two", 2_000, start_ms=500)), 101.5)
    tally.sent(item(partial("three", 3_000, segment=1, start_ms=2_500)), 103.0)
    assert metrics.value("partial_latency_seconds_count") == 3
    assert metrics.value("partial_latency_seconds_sum") == pytest.approx(0.25 + 0.5 + 1.0)
    assert metrics.value("first_partial_latency_seconds_count") == 2
    assert metrics.value("first_partial_latency_seconds_sum") == pytest.approx(1.25 + 1.0)


def test_a_final_is_timed_from_its_end_being_known_and_from_the_last_voice(
    metrics: Metrics, tally: Tally
) -> None:
    tally.sent(item(final("one two", voice_end_ms=1_800, ended_at_ms=2_500)), 102.4)
    assert metrics.value("finalise_latency_seconds_sum") == pytest.approx(0.4)
    assert metrics.value("final_delay_seconds_sum") == pytest.approx(1.4)
    assert metrics.value("final_words_total") == 2


def test_words_shown_and_taken_back_are_counted_once(metrics: Metrics, tally: Tally) -> None:
    tally.sent(item(partial("we were", 1_000)), 101)
    tally.sent(item(partial("We where going,", 1_400)), 101)  # "were" has gone
    tally.sent(item(final("we were going home")), 102)  # and "where going"
    assert metrics.value("words_retracted_total") == 3
    tally.sent(item(partial("and then", 3_000, segment=1)), 103)
    tally.sent(item(Suppressed(1, 0, 2_000, 3_000, "no_speech")), 103)
    assert metrics.value("words_retracted_total") == 5
    assert metrics.value("segments_suppressed_total", reason="no_speech") == 1


def test_what_is_sent_again_counts_once_and_what_is_late_has_no_age(
    metrics: Metrics, tally: Tally
) -> None:
    tally.sent(item(final("one two", voice_end_ms=1_800, ended_at_ms=2_500), 7), 102.4)
    tally.sent(item(final("one two", voice_end_ms=1_800, ended_at_ms=2_500), 7, late=True), 150)
    tally.sent(item(partial("three", 3_000, segment=1), late=True), 150)
    tally.sent(item(final("three", segment=1, ended_at_ms=3_000), 8, late=True), 150)
    assert metrics.value("final_words_total") == 3
    assert metrics.value("finalise_latency_seconds_count") == 1
    assert metrics.value("partial_latency_seconds_count") == 0


def test_what_is_no_text_is_not_counted(metrics: Metrics, tally: Tally) -> None:
    before = metrics.text()
    tally.sent(item(Ack(100, 100)), 102)
    counted = [line for line in metrics.text().splitlines() if line.startswith(b"wirescribe")]
    assert counted == [line for line in before.splitlines() if line.startswith(b"wirescribe")]


@pytest.mark.parametrize(
    "before, after",
    [
        ("", "one"),
        ("one two", "one two three"),
        ("one two", "One, two. Three"),
        ("one two three", "one four three"),
        ("one two three", ""),
        ("one two three", "one"),
        ("don't go", "Dont go"),
        ("ein Café", "ein Cafe\u0301"),
    ],
)
def test_words_taken_back_are_those_that_the_measuring_client_counts(
    before: str, after: str
) -> None:
    old, new = folded(before), folded(after)
    assert retracted(before.split(), after.split()) == len(old) - common_prefix(old, new)


def test_how_it_ended_is_one_of_four(metrics: Metrics) -> None:
    session = Session(SessionConfig())
    Tally(metrics, "native").ended(Overloaded("full"), None, finished=False)
    Tally(metrics, "native").ended(BadMessage("no", field="type"), None, finished=False)
    Tally(metrics, "native").ended(None, session, finished=True)
    Tally(metrics, "native").ended(None, session, finished=False)
    Tally(metrics, "native").ended(Overloaded("full"), session, finished=False)
    outcomes = {
        outcome: metrics.value("sessions_total", transport="native", outcome=outcome)
        for outcome in ("done", "lost", "refused", "failed")
    }
    assert outcomes == {"done": 1, "lost": 1, "refused": 2, "failed": 1}


def test_one_that_nobody_came_back_for_has_ended_once(metrics: Metrics) -> None:
    session = Session(SessionConfig())
    lost, done = Tally(metrics, "native"), Tally(metrics, "native")
    lost.given_up(None, session, "expired", finished=False)
    done.ended(None, session, finished=True)
    done.given_up(None, session, "evicted", finished=True)
    outcomes = [
        metrics.value("sessions_total", transport="native", outcome=outcome)
        for outcome in ("lost", "done")
    ]
    assert outcomes == [1, 1]
    assert metrics.value("sessions_given_up_total", reason="expired") == 1
    assert metrics.value("sessions_given_up_total", reason="evicted") == 1


def test_time_spent_on_audio_is_counted_also_when_it_fails(metrics: Metrics) -> None:
    tally, began = Tally(metrics, "native"), time.thread_time()
    with pytest.raises(BadMessage), tally.handling():
        while time.thread_time() - began < 0.002:  # sleeping takes no processor time
            pass
        raise BadMessage("no", field="audio")
    spent = metrics.value("stage_seconds_total", stage="audio")
    assert spent is not None
    assert spent >= 0.001
