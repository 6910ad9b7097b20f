"""As many decoders as there may be, one in reserve, and none left over."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from streaming.errors import Overloaded
from streaming.media import MediaError
from streaming.media.live import Coding, DecoderPool, Form
from streaming.media.live.pool import PooledDecoder
from tests.unit.media.live.test_process import HEAD

CONTAINER = Coding(Form.CONTAINER)


@asynccontextmanager
async def pool(most: int) -> AsyncIterator[DecoderPool]:
    it = DecoderPool(most)
    try:
        yield it
    finally:
        await it.stop()
        assert it.active == 0
        assert not it.pids


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        for _ in range(1_000):
            if true():
                return
            await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass")


async def heard(it: DecoderPool) -> int:
    decoder = await it.open(CONTAINER)
    try:
        blocks = [block async for block in decoder.push(HEAD + bytes(6_400))]
        return sum(map(len, blocks)) // 4
    finally:
        decoder.close()
        decoder.close()


async def test_places_are_free_again_when_processes_are_gone() -> None:
    async with pool(1) as it:
        assert it.active == 0
        assert not it.pids  # nobody has needed one yet
        first = await it.open(CONTAINER)
        with pytest.raises(Overloaded, match="all 1 decoders"):
            await it.open(CONTAINER)
        first.close()
        assert it.active == 1
        await until(lambda: not it.active)
        assert await heard(it) == 3_200


async def test_one_is_in_reserve_and_a_dead_one_is_replaced() -> None:
    async with pool(4) as it:
        assert await heard(it) == 3_200
        await until(lambda: it.spare_pid)
        assert it.spare_pid is not None
        os.kill(it.spare_pid, signal.SIGKILL)
        await asyncio.sleep(0.1)
        assert await heard(it) == 3_200


async def test_stopping_ends_those_that_are_being_used() -> None:
    it = DecoderPool(4)
    decoder = await it.open(CONTAINER)
    assert isinstance(decoder, PooledDecoder)
    await it.stop()
    assert not it.pids
    with pytest.raises(MediaError):
        _ = [block async for block in decoder.push(HEAD)]
    with pytest.raises(Overloaded):
        await it.open(CONTAINER)


async def test_none_at_all() -> None:
    async with pool(0) as it:
        with pytest.raises(Overloaded):
            await it.open(CONTAINER)


async def test_stopping_ends_one_that_is_being_started() -> None:
    it = DecoderPool(4)
    decoder = await it.open(CONTAINER)
    for _ in range(3):  # the reserve has begun, and is not there yet
        await asyncio.sleep(0)
    decoder.close()
    await it.stop()
    assert it.active == 0
    assert not it.pids
