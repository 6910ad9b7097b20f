"""What begins how."""

from __future__ import annotations

import pytest

from streaming.media.live.sniff import Plain, sniff


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", Plain.WAV),
        (b"RF64\xff\xff\xff\xffWAVE", Plain.WAV),
        (b"fLaC\0\0\0\x22", Plain.FLAC),
        (bytes.fromhex("fff8550800c6 0102030405060708090a"), Plain.FLAC),
        (b"\xff\xf8\x50\x80" + bytes(12), Plain.AAC),
        (b"ID3\x04\0\0\0\0\0\0", Plain.MP3),
        (b"\xff\xfb\x90\x64", Plain.MP3),
        (b"\xff\xf3\x40\xc4", Plain.MP3),
        (b"\xff\xf1\x50\x80", Plain.AAC),
        (b"\xff\xf9\x50\x80", Plain.AAC),
        (b"OggS\0\x02", "ogg"),
        (b"\x1a\x45\xdf\xa3\x01", "matroska"),
        (b"\0\0\0\x1cftypiso5", "mov"),
        (b"#!AMR\n<", "amr"),
        (b"RIFF\0\0\0\0AVI LIST", None),
        (b"\0" * 12, None),
        (b"\xff" * 12, None),
        (b"<html><body>", None),
        (b"#EXTM3U\n/etc/passwd", None),
        (b"", None),
    ],
)
def test_by_its_first_bytes(head: bytes, kind: Plain | str | None) -> None:
    assert sniff(head) == kind
