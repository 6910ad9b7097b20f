"""How the C library keeps memory that decoding asks for and frees again, buffers of any size.

By default the GNU C library has a heap for every thread, grown and shrunk with each call, and in
pieces that the next batch may not fit into. Four windows of 7 s then take 20,000 page faults, a
tenth of the encoder's time. One heap for all, that isn't shrunk in between, takes none, and holds
630 MiB after 240 batches of mixed lengths where many hold 763. What is still free is given back
once a minute, in a thread, beside the decoding: 411 MiB are left then, and 517.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable

EVERY_S = 60.0


# Parameters of mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 256 * 2**20
_MAPPED_BYTES = 32 * 2**20  # the most that may be set


def share() -> bool:
    """Use one heap for all threads, and keep what is freed; False where the C library can't.

    To be called before there are threads: a heap that they have is left as it is. Who sets
    ``MALLOC_ARENA_MAX`` wants to decide it.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    try:
        option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # macOS, Windows
        return False
    option(_TRIM_THRESHOLD, _KEPT_BYTES)
    option(_MMAP_THRESHOLD, _MAPPED_BYTES)
    return bool(option(_ARENA_MAX, 1) == 1)


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
