"""Audio formats: what is accepted, and how the rest is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from streaming.audio.formats import MAX_CHANNELS, AudioFormat, Encoding
from streaming.errors import UnsupportedAudio


def test_an_empty_object_is_the_default_format() -> None:
    assert AudioFormat.parse({}) == AudioFormat(Encoding.PCM_S16LE, 16_000, 1, ())


def test_every_field_is_read_and_unknown_ones_are_ignored() -> None:
    parsed = AudioFormat.parse(
        {
            "encoding": "mulaw",
            "sample_rate": 8000,
            "channels": 2,
            "channel_names": ["agent", "customer"],
            "colour": "blue",
        }
    )
    assert parsed == AudioFormat(Encoding.MULAW, 8_000, 2, ("agent", "customer"))
    assert parsed.channel_name(1) == "customer"
    assert AudioFormat().channel_name(0) is None


@pytest.mark.parametrize(
    ("encoding", "channels", "frame"),
    [
        ("pcm_s16le", 1, 2),
        ("pcm_s16le", 3, 6),
        ("pcm_f32le", 2, 8),
        ("mulaw", 2, 2),
        ("alaw", 1, 1),
    ],
)
def test_sizes(encoding: str, channels: int, frame: int) -> None:
    form = AudioFormat.parse({"encoding": encoding, "channels": channels, "sample_rate": 8000})
    assert form.bytes_per_frame == frame
    assert form.bytes_per_sample * channels == frame
    assert form.bytes_per_second == 8000 * frame
    assert form.duration_ms(8000 * frame) == 1000
    assert form.duration_ms(frame * 8 - 1) == 0
    assert form.duration_ms(frame * 8) == 1


@pytest.mark.parametrize("rate", [8000, 8001, 11025, 16000, 22050, 24000, 44100, 47999, 48000])
def test_any_whole_rate_between_the_limits(rate: int) -> None:
    assert AudioFormat.parse({"sample_rate": rate}).sample_rate == rate


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"encoding": "opus"}, "audio.encoding: 'opus' is not supported by this server"),
        ({"encoding": "mp3"}, "audio.encoding: 'mp3' is not one of pcm_s16le, pcm_f32le"),
        ({"encoding": 3}, "audio.encoding: 3 is not one of"),
        ({"encoding": None}, "audio.encoding: None is not one of"),
        ({"encoding": ["mulaw"]}, "audio.encoding: ['mulaw'] is not one of"),
        ({"sample_rate": 0}, "audio.sample_rate: 0 is not between 8000 and 48000"),
        ({"sample_rate": 7999}, "audio.sample_rate: 7999 is not between 8000 and 48000"),
        ({"sample_rate": 48001}, "audio.sample_rate: 48001 is not between 8000 and 48000"),
        ({"sample_rate": 16000.0}, "audio.sample_rate: 16000.0 is not a whole number"),
        ({"sample_rate": "16000"}, "audio.sample_rate: '16000' is not a whole number"),
        ({"sample_rate": True}, "audio.sample_rate: True is not a whole number"),
        ({"sample_rate": None}, "audio.sample_rate: None is not a whole number"),
        ({"channels": 0}, "audio.channels: 0 is not between 1 and 8"),
        ({"channels": 9}, "audio.channels: 9 is not between 1 and 8"),
        ({"channels": -1}, "audio.channels: -1 is not between 1 and 8"),
        ({"channels": False}, "audio.channels: False is not a whole number"),
        ({"channel_names": "ab"}, "audio.channel_names: 'ab' is not a list of names"),
        ({"channel_names": ["a", "b"]}, "names: ['a', 'b'] has 2 names for 1 channels"),
        ({"channels": 2, "channel_names": ["a", "a"]}, "names two channels alike"),
        ({"channel_names": [1]}, "audio.channel_names: 1 is not a string"),
        ({"channel_names": [" "]}, "audio.channel_names: ' ' is empty"),
        ({"channel_names": ["x" * 65]}, "is longer than 64 characters"),
        ({"channel_names": ["a\nb"]}, "has characters that can't be shown"),
    ],
)
def test_refusals_name_field_and_value(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedAudio, match=re.escape(message)) as caught:
        AudioFormat.parse(fields)
    assert caught.value.field == f"audio.{list(fields)[-1]}"
    assert caught.value.close_code == 4415


def test_refused_values_are_shown_short() -> None:
    with pytest.raises(UnsupportedAudio) as caught:
        AudioFormat.parse({"encoding": "x" * 10_000})
    assert len(str(caught.value)) < 200


def test_the_audio_field_must_be_an_object() -> None:
    with pytest.raises(UnsupportedAudio, match="audio: 7 is not an object"):
        AudioFormat.parse(7)  # type: ignore[arg-type]


def test_the_operator_can_lower_the_channel_limit_but_not_raise_it() -> None:
    with pytest.raises(UnsupportedAudio, match="3 is not between 1 and 2"):
        AudioFormat.parse({"channels": 3}, max_channels=2)
    with pytest.raises(UnsupportedAudio):
        AudioFormat.parse({"channels": MAX_CHANNELS + 1}, max_channels=100)


def test_constructing_checks_too() -> None:
    with pytest.raises(UnsupportedAudio, match="sample_rate: 1 "):
        AudioFormat(Encoding.ALAW, 1)
    with pytest.raises(UnsupportedAudio, match="encoding: 'alaw' "):
        AudioFormat("alaw")  # type: ignore[arg-type]
