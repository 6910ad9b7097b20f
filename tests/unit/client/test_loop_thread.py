from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from functools import partial

import pytest

from streaming.client import ClientError, UsageError
from streaming.client.loop_thread import LoopThread, _Job


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    it = LoopThread("tested")
    yield it
    it.stop()


async def echo(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def for_ever() -> None:
    await asyncio.Event().wait()


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_it_returns_what_comes_of_the_work(thread: LoopThread) -> None:
    assert [thread.call(partial(echo, n)) for n in range(3)] == [0, 1, 2]


def test_it_raises_what_the_work_raises(thread: LoopThread) -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        thread.call(fail)
    assert thread.call(partial(echo, 1)) == 1


def test_work_that_takes_too_long_is_cancelled(thread: LoopThread) -> None:
    cancelled = threading.Event()

    async def work() -> None:
        try:
            await for_ever()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        thread.call(work, 0.01)
    assert cancelled.is_set()


def test_who_waits_while_it_is_stopped_hears_of_it() -> None:
    thread = LoopThread("tested")
    working = threading.Event()
    raised: list[ClientError] = []

    async def work() -> None:
        working.set()
        await for_ever()

    def wait() -> None:
        with pytest.raises(ClientError) as caught:
            thread.call(work)
        raised.append(caught.value)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert working.wait(10)
    thread.stop()
    waiting.join(10)
    assert [error.code for error in raised] == ["aborted"]
    assert "tested" not in names()


def test_after_the_end_nothing_is_taken_on() -> None:
    thread = LoopThread("tested")
    thread.stop()
    thread.stop()
    with pytest.raises(ClientError, match="closed"):
        thread.call(partial(echo, 1))


def test_its_own_thread_may_not_wait_for_itself(thread: LoopThread) -> None:
    async def call() -> None:
        with pytest.raises(UsageError, match="own thread"):
            thread.call(partial(echo, 1))

    thread.call(call)


def test_many_threads_at_once(thread: LoopThread) -> None:
    heard: list[int] = []

    def ask(number: int) -> None:
        for _ in range(20):
            heard.append(thread.call(partial(echo, number)))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for each in asking:
        each.start()
    for each in asking:
        each.join(30)
    assert sorted(heard) == [number for number in range(8) for _ in range(20)]


def test_work_that_is_given_up_before_it_began_is_never_made() -> None:
    thread = LoopThread("tested")
    blocked, go_on = threading.Event(), threading.Event()
    made: list[str] = []

    async def block() -> None:
        blocked.set()
        go_on.wait(10)

    async def work() -> None:
        made.append("work")

    asking = threading.Thread(target=thread.call, args=(block,))
    asking.start()
    assert blocked.wait(10)
    job = _Job(work, None)
    assert thread._loop is not None
    thread._loop.call_soon_threadsafe(job.start)
    thread._loop.call_soon_threadsafe(job.cancel)
    go_on.set()
    with pytest.raises(CancelledError):
        job.done.result(10)
    asking.join(10)
    thread.stop()
    assert made == []
