"""FLAC frames cut out of a stream that comes in pieces.

FFmpeg's own parser looks ten frames ahead, which are seconds of a live stream. Here a frame is
over when the header of the next one is there (RFC 9639, sections 8 and 9.1).
"""

from __future__ import annotations

from typing import Final

_MARK: Final = b"fLaC"
_STREAMINFO: Final = 34
_LEAST_FRAME: Final = 8
MOST_BYTES: Final = 1 << 20
"""Longer frames, or headers with pictures that are longer, are refused with ValueError."""


def _crc8_table() -> bytes:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value << 1) ^ (0x07 if value & 0x80 else 0)
        table.append(value & 0xFF)
    return bytes(table)


_CRC8: Final = _crc8_table()


class FlacFrames:
    """One stream: bytes in, whole frames out; ``streaminfo`` is known once the header is there."""

    def __init__(self) -> None:
        self.streaminfo: bytes | None = None
        self._data = b""
        self._in_header: bool | None = None
        self._skip = 0
        self._seen = 0

    def push(self, data: bytes) -> list[bytes]:
        """Take bytes; return the frames that are now whole."""
        self._data += data
        if self._in_header is None and len(self._data) >= len(_MARK):
            self._in_header = self._data.startswith(_MARK)
            self._data = self._data.removeprefix(_MARK)
        if self._in_header is None or not self._through_header():
            self._check()
            return []
        frames = self._cut()
        self._check()
        return frames

    def finish(self) -> list[bytes]:
        """Return the last frame, whose end is that of the stream."""
        rest, self._data = self._data, b""
        return [rest] if self._in_header is False and header_length(rest, 0) > 0 else []

    def _through_header(self) -> bool:
        """Pass over the metadata blocks; whether all of them are."""
        while True:
            passed = min(self._skip, len(self._data))
            self._skip -= passed
            self._data = self._data[passed:]
            if self._skip or (self._in_header and len(self._data) < 4):
                return False
            if not self._in_header:
                return True
            kind, length = self._data[0] & 0x7F, int.from_bytes(self._data[1:4], "big")
            if kind == 0:
                if len(self._data) < 4 + length:
                    return False
                self.streaminfo = self._data[4 : 4 + min(length, _STREAMINFO)]
            self._in_header = not self._data[0] & 0x80
            self._skip = 4 + length

    def _cut(self) -> list[bytes]:
        frames: list[bytes] = []
        data, start = self._data, 0
        if header_length(data, 0) < 0:  # begun amid a frame, or damaged
            start = len(data) if (at := _next_header(data, 1, None)) < 0 else at
            if start == len(data):
                self._data = data[-16:]
                return []
        at = start + max(_LEAST_FRAME, self._seen)
        while (following := _next_header(data, at, data[start : start + 4])) > 0:
            frames.append(data[start:following])
            start, at = following, following + _LEAST_FRAME
        self._data = data[start:]
        # The next look begins where a header may not have been whole.
        self._seen = max(0, len(self._data) - 16)
        return frames

    def _check(self) -> None:
        if len(self._data) > MOST_BYTES:
            raise ValueError(f"no frame in {len(self._data)} bytes")


def _next_header(data: bytes, at: int, like: bytes | None) -> int:
    """Return where the next frame begins, at ``at`` or later; -1 where no header is whole yet.

    ``like`` is the beginning of another frame of the stream: what can't change in it must agree,
    which tells a frame from sound that looks like one.
    """
    while (at := data.find(b"\xff", at)) >= 0:
        if header_length(data, at) > 0 and (
            like is None
            or (
                data[at : at + 2] == like[:2]
                and data[at + 2] & 0x0F == like[2] & 0x0F
                and data[at + 3] & 0x0E == like[3] & 0x0E
            )
        ):
            return at
        at += 1
    return -1


def header_length(data: bytes, at: int) -> int:
    """Return the length of the frame header there; 0 where it isn't whole, -1 where there is none.

    A header ends in a checksum of its own.
    """
    head = data[at : at + 16]
    if len(head) < 5:
        return 0
    size, rate = head[2] >> 4, head[2] & 0x0F
    if head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1 or not size or rate == 15:
        return -1
    if head[3] >> 4 > 10:
        return -1
    length = (
        4 + _coded_length(head[4]) + {6: 1, 7: 2}.get(size, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    )
    if len(head) <= length:
        return 0
    crc = 0
    for byte in head[:length]:
        crc = _CRC8[crc ^ byte]
    return length + 1 if crc == head[length] else -1


def _coded_length(first: int) -> int:
    """How many bytes the frame's number takes, written as UTF-8 writes characters."""
    ones = 0
    while first & (0x80 >> ones) and ones < 7:
        ones += 1
    return max(1, ones)
