"""Raw samples from a stream."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.audio.g711 import encode_ulaw
from streaming.errors import BadMessage
from streaming.media import open_pcm
from tests.support.media_files import pitch, tone


def test_raw_pcm_from_a_stream() -> None:
    sound = (tone(8_000, 1, 440.0, 1_000.0) * 32767).astype(np.int16)
    data = encode_ulaw(np.ascontiguousarray(sound.T).reshape(-1))
    media = open_pcm(io.BytesIO(data), AudioFormat(Encoding.MULAW, 8_000, 2), block_samples=900)
    assert (media.info.name, media.info.codec, media.info.duration_ms) == ("-", "mulaw", None)
    blocks = list(media)
    assert max(block.shape[1] for block in blocks) <= 900
    samples = np.concatenate(blocks, axis=1)
    assert samples.shape == (2, 16_000)
    assert [round(pitch(channel)) for channel in samples] == [440, 1_000]
    assert media.damage is None


def test_raw_pcm_that_ends_within_a_sample_says_so() -> None:
    with open_pcm(io.BytesIO(bytes(5)), AudioFormat()) as media:
        assert sum(block.shape[1] for block in media) == 2
    assert media.damage == "'-' ends within a sample: 1 bytes over"


def test_raw_pcm_comes_as_it_arrives() -> None:
    class Live(io.BytesIO):
        """Ten bytes at a time; asking for all there ever will be would block."""

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError(f"read({size}) waits")

        def read1(self, size: int | None = -1) -> bytes:
            return super().read1(10)

    live: BinaryIO = Live(bytes(100))
    assert [block.shape[1] for block in open_pcm(live, AudioFormat())] == [5] * 10


def test_raw_floats_are_checked() -> None:
    bad = struct.pack("<f", float("nan"))
    with pytest.raises(BadMessage, match="channel 0, sample 0: nan"):
        list(open_pcm(io.BytesIO(bad), AudioFormat(Encoding.PCM_F32LE)))
