"""Gives memory back that the C library keeps for later.

Decoding asks for buffers of any size and frees them again. The GNU C library keeps what is freed,
in pieces that the next batch may not fit into: of 707 MiB after 200 batches of mixed lengths 493
were left when it was told to let go. That is done once a minute, in a thread, beside the decoding.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable

EVERY_S = 60.0


def trim() -> bool:
    """Give free memory back to the system; False where the C library can't."""
    try:
        release = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # musl, macOS, Windows
        return False
    release(0)
    return True


async def keep_trimmed(every_s: float = EVERY_S, give_back: Callable[[], bool] = trim) -> None:
    """Trim again and again until cancelled; once only where that does nothing."""
    helps = True
    while helps:
        helps = await asyncio.to_thread(give_back)
        await asyncio.sleep(every_s if helps else 0)
