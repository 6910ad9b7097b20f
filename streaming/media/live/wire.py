"""What a server and its decoding process say to each other: length-prefixed messages on two pipes.

The process says READY when it has started. From then on the server asks, and each question is
answered by any number of BLOCKs and then READY, or FAILED.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from enum import Enum
from typing import IO, Any, Final

from streaming.media.live.base import Coding, Form

HEADER: Final = struct.Struct("<cI")
MOST_BYTES: Final = 1 << 25


class Ask(Enum):
    """What the server wants."""

    CODING = b"C"
    """First of all: how what follows is coded."""

    DATA = b"D"
    FLUSH = b"F"
    END = b"E"


class Tell(Enum):
    """What it is told."""

    READY = b"R"
    BLOCK = b"B"
    FAILED = b"X"


def packed(kind: Ask | Tell, payload: bytes = b"") -> bytes:
    """Return a message's bytes."""
    return HEADER.pack(kind.value, len(payload)) + payload


def unpacked(header: bytes) -> tuple[bytes, int]:
    """Return the letter of a message, and the length of what follows its header.

    ValueError for what nobody in his right mind sends: a decoder gone wrong may write anything.
    """
    letter, length = HEADER.unpack(header)
    if length > MOST_BYTES:
        raise ValueError(f"a message of {length} bytes")
    return letter, length


def read(source: IO[bytes]) -> tuple[Ask, bytes] | None:
    """Read a question; None when the server is gone."""
    header = source.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    letter, length = unpacked(header)
    payload = source.read(length)
    return (Ask(letter), payload) if len(payload) == length else None


def pack_coding(coding: Coding) -> bytes:
    """Write how a stream is coded."""
    return json.dumps(asdict(coding)).encode()


def unpack_coding(payload: bytes) -> Coding:
    """Read what :func:`pack_coding` wrote."""
    fields: dict[str, Any] = json.loads(payload)
    return Coding(Form(fields["form"]), fields["channels"], fields["coded_channels"])
