"""FLAC frames out of pieces: the same ones however it is cut, and damage that is passed over."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from streaming.media.live.flac import MOST_BYTES, FlacFrames, header_length
from tests.support.media_files import encode, tone


@pytest.fixture(scope="module")
def flac(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = tmp_path_factory.mktemp("flac") / "a.flac"
    noise = np.random.default_rng(3).uniform(-0.2, 0.2, (2, 40_000)).astype(np.float32)
    return encode(path, "flac", tone(16_000, 2.5, 300, 500) + noise, 16_000).read_bytes()


def frames(data: bytes, size: int) -> list[bytes]:
    it = FlacFrames()
    cut = [frame for at in range(0, len(data), size) for frame in it.push(data[at : at + size])]
    return [*cut, *it.finish()]


def demuxed(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data), format="flac") as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


@pytest.mark.parametrize("size", [1, 7, 333, 4_096, 1 << 20])
def test_the_frames_are_those_that_ffmpeg_finds(flac: bytes, size: int) -> None:
    assert frames(flac, size) == demuxed(flac)


def test_the_header_is_kept_for_the_decoder(flac: bytes) -> None:
    it = FlacFrames()
    it.push(flac)
    assert it.streaminfo == flac[8 : 8 + 34]


def test_what_is_put_before_the_frames_is_passed_over_in_pieces(flac: bytes) -> None:
    """Also where it looks like frames, and the header is not through with it."""
    start = flac.index(demuxed(flac)[0])
    picture = demuxed(flac)[0] * 3
    head = flac[:4] + b"\0" + flac[5:42] + b"\x86" + len(picture).to_bytes(3, "big") + picture
    for size in (50, 1 << 20):
        assert frames(head + flac[start:], size) == demuxed(flac)


def test_a_stream_may_begin_at_any_frame_and_amid_one(flac: bytes) -> None:
    expected = demuxed(flac)
    assert frames(b"".join(expected[2:]), 500) == expected[2:]
    assert frames(expected[1][100:] + b"".join(expected[2:]), 500)[-1] == expected[-1]


def test_a_frame_comes_as_soon_as_the_next_one_has_begun(flac: bytes) -> None:
    expected = demuxed(flac)
    it = FlacFrames()
    it.push(flac[: flac.index(expected[0])])
    assert it.push(expected[0]) == []
    assert it.push(expected[1][:20]) == [expected[0]]


def test_damage_costs_the_frames_it_is_in(flac: bytes) -> None:
    expected = demuxed(flac)
    damaged = bytearray(b"".join(expected))
    at = len(expected[0]) + len(expected[1]) // 2
    damaged[at : at + 40] = b"\xff\xf8" * 20
    found = frames(bytes(damaged), 1_000)
    assert found[0] == expected[0]
    assert found[2:] == expected[2:]


def test_a_frame_that_never_ends_is_refused(flac: bytes) -> None:
    it = FlacFrames()
    with pytest.raises(ValueError, match="no frame"):
        it.push(demuxed(flac)[0] + bytes(MOST_BYTES))


def test_what_has_no_frames_is_not_kept() -> None:
    it = FlacFrames()
    for _ in range(3):
        assert it.push(b"\xff\xf8\x99" + bytes(MOST_BYTES)) == []
    assert it.finish() == []


def test_headers_that_can_not_be(flac: bytes) -> None:
    good = demuxed(flac)[0]
    assert header_length(good, 0) > 0
    assert header_length(good[:3], 0) == 0
    for at, value in ((0, 0), (1, 0), (2, 0x0F), (3, 0xF0), (3, 1)):
        bad = bytearray(good[:20])
        bad[at] = value
        assert header_length(bytes(bad), 0) == -1
