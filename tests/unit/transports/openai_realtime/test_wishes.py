from __future__ import annotations

from typing import Any

import pytest

from streaming.endpointing import Endpointing
from streaming.errors import BadConfiguration, RequestError, UnsupportedAudio
from streaming.options import SessionConfig, parse_configure
from streaming.transports.openai_realtime.wishes import LOGPROBS, Wishes, in_their_words

DEFAULTS = Endpointing(700, 20_000, 400)


def ga(**heard: Any) -> dict[str, Any]:
    return {"type": "transcription", "audio": {"input": heard}}


def config(wishes: Wishes) -> SessionConfig:
    options = wishes.options(DEFAULTS)
    return parse_configure(options, SessionConfig(), languages=("en", "de"))


def test_what_is_not_named_stays() -> None:
    first = Wishes().changed(ga(transcription={"language": "de", "prompt": "p", "keywords": ["k"]}))
    second = first.changed({**ga(turn_detection=None), "include": [LOGPROBS]})
    assert (second.language, second.turns.manual, second.logprobs) == ("de", True, True)
    assert config(second).hotwords == ("k",)
    third = second.changed(ga(transcription={"model": "whisper-1", "prompt": None}))
    assert (config(third).language, config(third).prompt, config(third).hotwords) == (
        "de",
        "",
        ("k",),
    )
    fourth = third.changed(ga(transcription={"language": "", "keywords": []}))
    assert (config(fourth).language, config(fourth).hotwords) == (None, ())


def test_fields_of_a_section_stay_as_well() -> None:
    first = Wishes().changed(
        ga(
            format={"type": "audio/pcm", "rate": 16_000},
            turn_detection={"type": "server_vad", "silence_duration_ms": 300},
        )
    )
    second = first.changed(ga(format={"type": "audio/pcm"}, turn_detection={"threshold": 0.7}))
    assert second == first
    assert second.changed(ga(format={"type": "audio/pcmu"})).audio.sample_rate == 8_000
    eager = second.changed(ga(turn_detection={"type": "semantic_vad", "eagerness": "high"}))
    assert eager.changed(ga(turn_detection={"create_response": False})) == eager
    back = eager.changed(ga(turn_detection={"type": "server_vad"}))
    assert config(back).endpointing.silence_ms == 700


def test_the_newest_of_one_language_and_several_counts() -> None:
    one = Wishes().changed(ga(transcription={"language": "de"}))
    several = one.changed(ga(transcription={"languages": ["de", "en"]}))
    assert config(several).languages == ("de", "en")
    again = several.changed(ga(transcription={"language": "en"}))
    assert (config(again).language, config(again).languages) == ("en", ())


def test_models_without_turns_of_their_own_wait_for_commits() -> None:
    """As LiveKit's plug-in relies on; what is asked for by name is had all the same."""
    live = Wishes().changed(ga(transcription={"model": "gpt-live-transcribe"}))
    assert live.turns.manual
    assert live.changed(ga(transcription={"prompt": "p"})).turns.manual
    assert not live.changed(ga(turn_detection={"type": "server_vad"})).turns.manual
    assert not live.changed(ga(transcription={"model": "gpt-4o-transcribe"})).turns.manual


@pytest.mark.parametrize(
    ("turns", "silences"),
    [
        (None, (700, 400)),
        ({"type": "server_vad"}, (700, 400)),
        ({"type": "server_vad", "silence_duration_ms": 300}, (300, 300)),
        ({"type": "semantic_vad"}, (2_000, 700)),
        ({"type": "semantic_vad", "eagerness": "auto"}, (2_000, 700)),
        ({"type": "semantic_vad", "eagerness": "high"}, (1_000, 400)),
    ],
)
def test_silence(turns: Any, silences: tuple[int, int]) -> None:
    heard = config(Wishes().changed(ga(turn_detection=turns))).endpointing
    assert (heard.silence_ms, heard.sentence_silence_ms) == silences


def test_both_apis_say_the_same() -> None:
    flat = {
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": {"model": "whisper-1", "language": "en"},
        "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
        "input_audio_noise_reduction": {"type": "near_field"},
        "modalities": ["text"],
    }
    nested = ga(
        format={"type": "audio/pcmu"},
        transcription={"model": "whisper-1", "language": "en"},
        turn_detection={"type": "semantic_vad", "eagerness": "low"},
        noise_reduction={"type": "far_field"},
    )
    assert Wishes().changed(flat) == Wishes().changed(nested)


def test_what_is_shown_is_what_is_in_force_and_can_be_sent_back() -> None:
    wishes = Wishes().changed(ga(transcription={"model": "gpt-4o-transcribe", "language": "en"}))
    for beta in (False, True):
        shown = wishes.shown("sess_1", "base", DEFAULTS, beta=beta)
        again = Wishes().changed(shown)
        assert config(again).language == "en"
        assert again.audio == wishes.audio
    heard = wishes.shown("sess_1", "base", DEFAULTS, beta=False)["audio"]["input"]
    assert heard["transcription"]["model"] == "base"
    assert heard["turn_detection"]["silence_duration_ms"] == 700


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (7, "session"),
        ({"type": "realtime"}, "session.type"),
        ({"voice": "ash"}, "session.voice"),
        ({"audio": {"output": {}}}, "session.audio.output"),
        ({"include": ["everything"]}, "session.include"),
        ({"input_audio_format": "mp3"}, "session.input_audio_format"),
        (ga(volume=1), "session.audio.input.volume"),
        (ga(format={"type": "audio/pcm", "rate": 7}), "session.audio.input.format.rate"),
        (ga(format={"type": "audio/pcm", "rate": "x"}), "session.audio.input.format.rate"),
        (ga(format={"type": "audio/pcmu", "rate": 9}), "session.audio.input.format.rate"),
        (ga(format={"type": []}), "session.audio.input.format.type"),
        (ga(transcription=None), "session.audio.input.transcription"),
        (ga(transcription={"model": "x-diarize"}), "session.audio.input.transcription.model"),
        (ga(noise_reduction={"type": "x"}), "session.audio.input.noise_reduction.type"),
        (ga(turn_detection={"type": "x"}), "session.audio.input.turn_detection.type"),
        (ga(turn_detection={"threshold": 2}), "session.audio.input.turn_detection.threshold"),
        (
            ga(turn_detection={"idle_timeout_ms": 5_000}),
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        (
            ga(turn_detection={"type": "semantic_vad", "eagerness": []}),
            "session.audio.input.turn_detection.eagerness",
        ),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(asked: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        Wishes().changed(asked)
    assert isinstance(caught.value, BadConfiguration | UnsupportedAudio)
    assert caught.value.field == param
    assert caught.value.message.startswith(f"{param}: ")


@pytest.mark.parametrize(
    ("asked", "beta", "param"),
    [
        ({"language": "xx"}, False, "session.audio.input.transcription.language"),
        ({"language": "xx"}, True, "session.input_audio_transcription.language"),
        ({"keywords": ["k" * 99]}, False, "session.audio.input.transcription.keywords"),
        ({"prompt": 7}, False, "session.audio.input.transcription.prompt"),
    ],
)
def test_the_sessions_own_refusals_in_their_words(asked: Any, beta: bool, param: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        config(Wishes().changed(ga(transcription=asked)))
    error = in_their_words(caught.value, beta=beta)
    assert error.field == param
    assert error.message.startswith(param)


def test_other_refusals_stay_as_they_are() -> None:
    error = BadConfiguration("task: no", field="task")
    assert in_their_words(error, beta=False) is error
