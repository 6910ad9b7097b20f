"""What audio a query announces, and what of it can't be had."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.errors import UnsupportedAudio
from streaming.media.live import Coding, Form
from streaming.transports.deepgram_audio import Sound, read_sound


def read(query: str) -> Sound:
    return read_sound(parse_qs(query))


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("", Form.CONTAINER),
        ("sample_rate=44100", Form.CONTAINER),
        ("encoding=ogg-opus", Form.CONTAINER),
        ("encoding=opus&sample_rate=48000", Form.OPUS),
        ("encoding=flac", Form.FLAC),
    ],
)
def test_coded_audio_becomes_floats_at_the_rate_of_the_model(query: str, form: Form) -> None:
    it = read(query)
    assert it.coding == Coding(form)
    assert it.option == {"encoding": "pcm_f32le", "sample_rate": 16_000, "channels": 1}
    assert it.bytes_per_second == 64_000
    assert not it.mixed
    AudioFormat.parse(it.option)


@pytest.mark.parametrize(
    ("query", "channels", "coded"),
    [("channels=2", 1, 2), ("channels=2&multichannel=true", 2, 2), ("channels=1", 1, 1)],
)
def test_channels_of_coded_audio(query: str, channels: int, coded: int) -> None:
    it = read(f"encoding=opus&{query}")
    assert it.coding == Coding(Form.OPUS, channels, coded)
    assert (it.heard, it.mixed) == (channels, False)


def test_raw_audio_needs_a_rate_but_for_the_telephone() -> None:
    assert read("encoding=mulaw").sample_rate == 8_000
    it = read("encoding=alaw&channels=2")
    assert (it.mixed, it.heard, it.bytes_per_second) == (True, 1, 16_000)
    assert it.option["encoding"] == Encoding.PCM_S16LE
    with pytest.raises(UnsupportedAudio, match="sample_rate: is missing"):
        read("encoding=linear16")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("encoding=speex", "encoding"),
        ("encoding=amr-nb&sample_rate=8000", "encoding"),
        ("encoding=opus&channels=3", "channels"),
        ("multichannel=true", "channels"),
    ],
)
def test_what_can_not_be_had_is_named(query: str, field: str) -> None:
    with pytest.raises(UnsupportedAudio) as caught:
        read(query)
    error: Any = caught.value
    assert error.field == field
    assert error.message.startswith(f"{field}: ")
