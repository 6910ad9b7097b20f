"""A final as JSON has it, and in little memory."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Mapping
from typing import Any

from streaming.decoding import Word
from streaming.events import EndReason, Final


def dump_final(final: Final) -> dict[str, Any]:
    """Return a final as JSON has it, for :func:`load_final`."""
    return dataclasses.asdict(final)


def load_final(said: Mapping[str, Any]) -> Final:
    """Read what :func:`dump_final` returned; ValueError, KeyError or TypeError where it isn't."""
    words = said["words"]
    spoken = None if words is None else tuple(Word(**word) for word in words)
    return Final(**{**said, "reason": EndReason(said["reason"]), "words": spoken})


def pack_final(final: Final) -> bytes:
    """Return a final in about a sixth of the memory that it takes, for :func:`unpack_final`."""
    return zlib.compress(json.dumps(dump_final(final), separators=(",", ":")).encode())


def unpack_final(packed: bytes) -> Final:
    """Read what :func:`pack_final` returned."""
    return load_final(json.loads(zlib.decompress(packed)))
