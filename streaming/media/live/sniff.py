"""What a stream is, told by its first bytes.

FFmpeg's own probing wants kilobytes, which are seconds of a live stream, and guesses.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from streaming.media.live.flac import header_length

ENOUGH: Final = 16
"""So many bytes tell."""

_BEGINNINGS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"OggS", "ogg"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (4, b"ftyp", "mov"),
    (4, b"styp", "mov"),
    (4, b"moov", "mov"),
    (4, b"moof", "mov"),
    (0, b"caff", "caf"),
    (0, b".snd", "au"),
    (0, b"FORM", "aiff"),
    (0, b"#!AMR", "amr"),
    (0, b"FLV\x01", "flv"),
)


class Plain(Enum):
    """Streams of frames without a container, or with as little of one as WAV."""

    WAV = "wav"
    FLAC = "flac"
    MP3 = "mp3"
    AAC = "aac"


def sniff(head: bytes) -> Plain | str | None:
    """Return what begins so: a plain stream, the name of FFmpeg's demuxer, or None.

    ``head`` has :data:`ENOUGH` bytes, or is all there is.
    """
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return Plain.WAV
    if head.startswith(b"fLaC"):
        return Plain.FLAC
    for at, beginning, name in _BEGINNINGS:
        if head[at : at + len(beginning)] == beginning:
            return name
    if head.startswith(b"ID3"):
        return Plain.MP3
    if len(head) > 3 and head[0] == 0xFF:
        # Both may begin with FFF8: a frame of FLAC has a checksum.
        if header_length(head, 0) > 0:
            return Plain.FLAC
        if head[1] & 0xF6 == 0xF0 and head[2] & 0x3C < 13 << 2:
            return Plain.AAC
        # Layer III, of a version, with a bit rate and a sample rate that exist.
        layer_iii = head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08
        if layer_iii and head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C:
            return Plain.MP3
    return None
