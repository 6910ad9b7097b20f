"""What was taken, by its place: audio and requests that come again behind a cut."""

from __future__ import annotations

import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.transports.intake import Intake

SIXTEEN = AudioFormat()  # 32 bytes a millisecond


def test_all_is_new_until_there_was_a_cut() -> None:
    it = Intake(SIXTEEN)
    assert it.new(b"abcd") == b"abcd"
    it.took(4)
    assert it.new(b"efgh") == b"efgh"


def test_what_is_here_already_is_taken_off_the_next_bytes_over_several_messages() -> None:
    it = Intake(SIXTEEN)
    it.took(3_231)  # half a sample
    assert it.resumed_from_ms == 100
    it.resume(())
    assert it.new(bytes(20)) == b""
    assert it.new(bytes(10) + b"xyz") == b"yz"
    assert it.new(b"abc") == b"abc"


@pytest.mark.parametrize(
    ("form", "taken", "ms"),
    [
        (SIXTEEN, 0, 0),
        (SIXTEEN, 31, 0),
        (SIXTEEN, 32, 1),
        (AudioFormat(Encoding.PCM_S16LE, 44_100, 1), 2 * 44_100 // 2, 500),
        (AudioFormat(Encoding.PCM_S16LE, 44_100, 1), 2 * 442, 10),  # whole samples each 10 ms
        (AudioFormat(Encoding.MULAW, 8_000, 2), 2 * 8 * 7 + 1, 7),
    ],
)
def test_the_place_to_go_on_is_a_whole_millisecond_and_a_whole_sample(
    form: AudioFormat, taken: int, ms: int
) -> None:
    it = Intake(form)
    it.took(taken)
    assert it.resumed_from_ms == ms


def test_requests_from_behind_the_place_are_known_once() -> None:
    it = Intake(SIXTEEN)
    it.asked("early")
    it.took(3_200)
    it.asked("late")
    for name in ("early", "late"):
        it.answered(name)
    assert not it.is_repeat("late")
    it.resume(())
    assert not it.is_repeat("early")
    assert it.is_repeat("late")
    assert not it.is_repeat("late")


def test_requests_whose_answers_were_not_heard_are_known_wherever_they_were_made() -> None:
    it = Intake(SIXTEEN)
    for name in ("heard", "unsent", "unanswered"):
        it.asked(name)
        if name != "unanswered":
            it.answered(name)
    it.took(3_200)
    it.resume(["unsent", None])
    assert [name for name in ("heard", "unsent", "unanswered") if it.is_repeat(name)] == [
        "unsent", "unanswered",
    ]  # fmt: skip
