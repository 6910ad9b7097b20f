from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from load.layouts import in_turns, looped, push_to_talk
from load.manifest import Recording
from load.programme import Programme, Utterance
from load.schedule import Cut
from load.wire import WireFormat

RATE = 8000
FORMAT = WireFormat("mulaw", RATE, 1)


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    """Three recordings of 1, 2 and 3 s, each of one value."""
    found = []
    for number in (1, 2, 3):
        path = tmp_path / f"{number}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.full(number * RATE, number * 1000, "<i2").tobytes())
        found.append(
            Recording(path, path.name, "s", "en", "", (f"word {number}",), (0.4, 0.8), number)
        )
    return found


def test_in_turns_only_one_speaks_at_a_time(recordings: list[Recording]) -> None:
    format = WireFormat("mulaw", RATE, 2)
    calls = in_turns(recordings, format, streams=2, seconds=None, gap_s=0.5, seed=1)
    assert [call.name for call in calls] == ["call-0", "call-1"]
    assert calls[0].utterances[0].file != calls[1].utterances[0].file
    for call in calls:
        assert [utterance.channel for utterance in call.utterances] == [0, 1, 0]
        assert len({utterance.file for utterance in call.utterances}) == 3
        assert not np.any((call.samples[0] != 0) & (call.samples[1] != 0))
        for utterance in call.utterances:
            begin, end = round(utterance.start_s * RATE), round(utterance.end_s * RATE)
            level = int(utterance.file[0]) * 1000 / 32768
            assert np.allclose(call.samples[utterance.channel, begin:end], level, atol=1e-4)
        assert call.duration_s == pytest.approx(6 + 3 * 0.5)


def test_a_call_goes_round_until_it_is_long_enough(recordings: list[Recording]) -> None:
    format = WireFormat("mulaw", RATE, 2)
    (call,) = in_turns(recordings, format, streams=1, seconds=20, gap_s=0, seed=1)
    assert 20 <= call.duration_s < 23
    assert len(call.utterances) > 3


def test_push_to_talk_asks_after_each_and_then_sends_nothing(recordings: list[Recording]) -> None:
    (radio,) = push_to_talk(recordings, FORMAT, streams=1, seconds=None, pause_s=1.5, seed=1)
    ends = [round(utterance.end_s * RATE) for utterance in radio.utterances]
    assert [cut.frame for cut in radio.cuts] == ends
    assert [cut.pause_s for cut in radio.cuts] == [1.5, 1.5, 0.0]
    assert all(cut.finalize for cut in radio.cuts)
    assert radio.duration_s == 6.0  # stream time stands still while nothing is sent
    (short,) = push_to_talk(recordings, FORMAT, streams=1, seconds=4.0, pause_s=1.5, seed=1)
    assert short.duration_s + len(short.cuts) * 1.5 >= 4.0
    assert len(short.cuts) < 3


def lap() -> Programme:
    said = (
        Utterance("a", "s", 0, 0.0, 1.0, "one", ("one",), (0.5,)),
        Utterance("b", "s", 0, 1.5, 2.5, "two", ("two",), (2.0,)),
    )
    return Programme("p", FORMAT, np.zeros((1, 3 * RATE), np.float32), said, "en")


def test_a_loop_holds_its_audio_once_and_ends_with_an_utterance() -> None:
    long = looped(lap(), 7.0)
    assert long.samples.shape[1] == 3 * RATE
    assert [utterance.text for utterance in long.utterances] == ["one", "two", "one", "two", "one"]
    assert [utterance.word_ends for utterance in long.utterances] == [
        (0.5,),
        (2.0,),
        (3.5,),
        (5.0,),
        (6.5,),
    ]
    assert long.duration_s == 7.0
    assert looped(lap(), 7.6).duration_s == 8.5
    # A loop can be made again of one: what is left after a failure.
    assert looped(long, 2.0).utterances == lap().utterances


def test_a_cut_is_no_part_of_the_audio() -> None:
    assert lap().cuts == ()
    assert Cut(5) == Cut(5, 0.0, False)
