from __future__ import annotations

import io
import struct

import pytest

from streaming.client import RecordingError
from streaming.client.wav import is_wav, read_header

PCM = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body


def riff(*chunks: bytes, name: bytes = b"RIFF") -> io.BytesIO:
    body = b"WAVE" + b"".join(chunks)
    return io.BytesIO(name + struct.pack("<I", len(body)) + body)


@pytest.mark.parametrize(
    ("tag", "bits", "kind"),
    [
        (1, 8, "u8"),
        (1, 16, "s16"),
        (1, 24, "s24"),
        (1, 32, "s32"),
        (3, 32, "f32"),
        (3, 64, "f64"),
        (6, 8, "alaw"),
        (7, 8, "mulaw"),
    ],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_every_kind_is_known(tag: int, bits: int, kind: str, extensible: bool) -> None:
    said = 0xFFFE if extensible else tag
    form = struct.pack("<HHIIHH", said, 3, 44_100, 0, 0, bits)
    if extensible:
        form += struct.pack("<HHI", 22, bits, 0) + struct.pack("<H", tag) + bytes(14)
    file = riff(chunk(b"fmt ", form), chunk(b"data", b"sound", 3 * bits // 8 * 10))
    found = read_header(file)
    assert (found.samples, found.sample_rate, found.channels) == (kind, 44_100, 3)
    assert (found.frames, found.frame_bytes) == (10, 3 * bits // 8)
    assert file.read() == b"sound"


def test_chunks_in_between_are_passed_over_with_their_padding() -> None:
    file = riff(
        chunk(b"LIST", b"odd") + b"\0",
        chunk(b"fmt ", PCM),
        chunk(b"long", bytes(200_000)),
        chunk(b"data", b"ab"),
    )
    assert read_header(file).frames == 1
    assert file.read() == b"ab"


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_size_that_was_never_written_is_not_known(size: int) -> None:
    assert read_header(riff(chunk(b"fmt ", PCM), chunk(b"data", b"ab", size))).frames is None


def test_a_long_file_says_its_size_elsewhere() -> None:
    sizes = struct.pack("<QQQI", 0, 2 * 5_000_000_000, 0, 0)
    file = riff(
        chunk(b"ds64", sizes),
        chunk(b"fmt ", PCM),
        chunk(b"data", b"ab", 0xFFFFFFFF),
        name=b"RF64",
    )
    assert read_header(file).frames == 5_000_000_000


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (io.BytesIO(b""), "not a WAV file"),
        (io.BytesIO(b"RIFF\0\0\0\0AVI more and more"), "not a WAV file"),
        (riff(chunk(b"data", b"ab")), "before its format"),
        (riff(chunk(b"fmt ", PCM)), "ends before"),
        (riff(chunk(b"fmt ", PCM[:10])), "too short"),
        (riff(chunk(b"fmt ", PCM, 2**31)), "too long"),
        (riff(chunk(b"LIST", b"short", 2**31)), "ends before"),
        (riff(chunk(b"fmt ", b"\x11" + PCM[1:]), chunk(b"data", b"")), "format 17 with 16 bits"),
        (riff(chunk(b"fmt ", PCM[:2] + bytes(2) + PCM[4:]), chunk(b"data", b"")), "0 channels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_what_is_wrong_is_said(file: io.BytesIO, why: str) -> None:
    with pytest.raises(RecordingError, match=why) as caught:
        read_header(file)
    assert caught.value.code == "unreadable"


def test_a_wav_file_is_known_by_its_beginning() -> None:
    assert is_wav(b"RIFF\1\2\3\4WAVEfmt ")
    assert not is_wav(b"RIFF\1\2\3\4AVI ")
    assert not is_wav(b"RIFX\1\2\3\4WAVE")
