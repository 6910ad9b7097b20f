from __future__ import annotations

import pytest

from streaming.client import Encoding, Options
from streaming.client.sound import Sound


def test_positions_are_whole_frames() -> None:
    sound = Sound(Options(sample_rate=44_100, channels=2))
    assert sound.frame_bytes == 4
    assert sound.position(1) == 44 * 4
    assert sound.position(1000) == 44_100 * 4
    assert all(sound.ms(sound.position(ms)) == ms for ms in range(0, 5000, 7))


@pytest.mark.parametrize(
    ("encoding", "width", "byte"),
    [("pcm_s16le", 2, 0), ("pcm_f32le", 4, 0), ("mulaw", 1, 0xFF), ("alaw", 1, 0xD5)],
)
def test_silence_is_what_the_encoding_has_for_it(encoding: Encoding, width: int, byte: int) -> None:
    sound = Sound(Options(encoding=encoding))
    assert sound.frame_bytes == width
    assert sound.silence(8) == bytes([byte] * 8)


def test_one_channel_is_muted_and_only_as_far_as_asked() -> None:
    sound = Sound(Options(encoding="mulaw", channels=2))
    assert sound.mute(bytes([1, 2, 3, 4, 5, 6]), 1, 4) == bytes([1, 255, 3, 255, 5, 6])
    wide = Sound(Options(channels=2))
    assert wide.mute(bytes(range(1, 9)), 0, 99) == bytes([0, 0, 3, 4, 0, 0, 7, 8])
