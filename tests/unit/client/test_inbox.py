from __future__ import annotations

import asyncio

import pytest

from streaming.client import Ack, AudioLost, Event, UsageError
from streaming.client.inbox import Inbox


async def read(inbox: Inbox) -> list[Event]:
    return [event async for event in inbox.read()]


@pytest.mark.parametrize("capacity", [1, 2, 5])
async def test_everything_is_read_once_however_small_it_is(capacity: int) -> None:
    inbox = Inbox(capacity)

    async def fill() -> None:
        for n in range(9):
            await inbox.put(Ack(n, n))
        inbox.close(None)

    filling = asyncio.create_task(fill())
    assert await read(inbox) == [Ack(n, n) for n in range(9)]
    await filling
    assert await read(inbox) == []


async def test_it_says_that_it_waits_for_room() -> None:
    inbox = Inbox(1)
    await inbox.put(Ack(0, 0))
    full = [inbox.full]
    waiting = asyncio.create_task(inbox.put(Ack(1, 1)))
    await asyncio.sleep(0)
    full.append(inbox.full)
    events = inbox.read()
    assert await anext(events) == Ack(0, 0)
    await waiting
    assert [*full, inbox.full] == [False, True, False]


async def test_what_can_not_wait_comes_behind_what_does() -> None:
    inbox = Inbox(1)
    inbox.put_soon(AudioLost(0, 1))
    inbox.put_soon(AudioLost(1, 1))
    waiting = asyncio.create_task(inbox.put(Ack(2, 2)))
    events = inbox.read()
    assert [await anext(events) for _ in range(3)] == [
        AudioLost(0, 1),
        AudioLost(1, 1),
        Ack(2, 2),
    ]
    await waiting


async def test_a_failure_is_raised_behind_everything() -> None:
    inbox = Inbox(1)
    inbox.put_soon(AudioLost(0, 1))
    inbox.put_soon(AudioLost(1, 1))
    inbox.close(UsageError("no"))
    seen = []
    with pytest.raises(UsageError):
        async for event in inbox.read():
            seen.append(event)
    assert seen == [AudioLost(0, 1), AudioLost(1, 1)]
