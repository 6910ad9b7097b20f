"""Freed memory is given back."""

from __future__ import annotations

import asyncio
import ctypes
import sys

import pytest

from streaming.heap import keep_trimmed, trim


def test_freed_memory_goes_back_to_the_system() -> None:
    assert trim() == hasattr(ctypes.CDLL(None), "malloc_trim")


@pytest.mark.parametrize("error", [OSError(), AttributeError(), TypeError()])
def test_not_every_c_library_can(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not trim()


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
