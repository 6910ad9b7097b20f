"""What the decoding process writes to its parent: length-prefixed messages on a pipe."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from enum import Enum
from typing import IO, Any, Final

import numpy as np

from streaming.media.base import MediaInfo, Samples

_HEADER: Final = struct.Struct("<cI")
_MAX_BYTES: Final = 1 << 26


class Kind(Enum):
    """What a message is: the first one INFO or ERROR, then BLOCKs, at last DONE or ERROR."""

    INFO = b"I"
    BLOCK = b"B"
    DONE = b"D"
    ERROR = b"E"


def write(out: IO[bytes], kind: Kind, payload: bytes) -> None:
    """Write one message and send it off."""
    out.write(_HEADER.pack(kind.value, len(payload)))
    out.write(payload)
    out.flush()


def read(source: IO[bytes]) -> tuple[Kind, bytes] | None:
    """Read one message; None when the writer ended without finishing one."""
    header = source.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    letter, length = _HEADER.unpack(header)
    # A writer gone wrong may write anything.
    if letter not in {kind.value for kind in Kind} or length > _MAX_BYTES:
        return None
    payload = source.read(length)
    return (Kind(letter), payload) if len(payload) == length else None


def pack_info(info: MediaInfo) -> bytes:
    """Write what is known of a source."""
    return json.dumps(asdict(info)).encode()


def unpack_info(payload: bytes) -> MediaInfo:
    """Read what :func:`pack_info` wrote."""
    fields: dict[str, Any] = json.loads(payload)
    return MediaInfo(**fields)


def pack_block(block: Samples) -> bytes:
    """Write samples of shape (channels, n)."""
    return np.ascontiguousarray(block, np.float32).tobytes()


def unpack_block(payload: bytes, channels: int) -> Samples:
    """Read what :func:`pack_block` wrote."""
    return np.frombuffer(payload, np.float32).reshape(channels, -1)
