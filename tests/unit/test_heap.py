"""Freed memory is given back."""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys

import pytest

from streaming.heap import keep_trimmed, share, trim


def test_freed_memory_goes_back_to_the_system() -> None:
    assert trim() == hasattr(ctypes.CDLL(None), "malloc_trim")


@pytest.mark.parametrize("error", [OSError(), AttributeError(), TypeError()])
def test_not_every_c_library_can(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not trim()


_HEAPS = """
import ctypes, sys, threading
from streaming.heap import share
assert share() == (sys.argv[1] == "one")
for _ in range(3):
    thread = threading.Thread(target=ctypes.CDLL(None).malloc, args=(100_000,))
    thread.start()
    thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the GNU C library's")
@pytest.mark.parametrize("own", [None, "2"])
def test_threads_share_one_heap_unless_somebody_decides_otherwise(own: str | None) -> None:
    environment = {**os.environ, **({"MALLOC_ARENA_MAX": own} if own else {})}
    word = "several" if own else "one"
    done = subprocess.run(
        [sys.executable, "-c", _HEAPS, word], capture_output=True, env=environment, check=True
    )
    assert done.stdout.count(b"<heap nr=") == (2 if own else 1)


@pytest.mark.parametrize("error", [OSError(), AttributeError(), TypeError()])
def test_not_every_c_library_has_heaps_to_share(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: object) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not share()


async def test_it_is_done_again_and_again() -> None:
    times, often, loop = 0, asyncio.Event(), asyncio.get_running_loop()

    def give_back() -> bool:
        nonlocal times
        times += 1
        if times == 3:
            loop.call_soon_threadsafe(often.set)
        return True

    keeping = asyncio.create_task(keep_trimmed(0.0, give_back))
    async with asyncio.timeout(5):
        await often.wait()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping


async def test_where_it_does_nothing_it_is_left() -> None:
    async with asyncio.timeout(5):
        await keep_trimmed(60.0, lambda: False)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_is_smaller_afterwards() -> None:
    kept = [bytearray(100_000) for _ in range(1_000)]
    last = bytearray(100_000)  # above the rest: the heap can't shrink from its end
    before = _resident()
    del kept
    if trim():
        assert before - _resident() > 50 * 2**20
    assert last is not None


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096
