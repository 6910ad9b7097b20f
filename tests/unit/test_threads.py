"""Calls in a thread: whatever they do, whoever awaits them hears of it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading

import pytest

from streaming.threads import CallThread, Crashed

pytestmark = pytest.mark.timeout(20)


async def test_calls_are_made_in_order_in_one_thread() -> None:
    thread = CallThread("it")
    order: list[int] = []

    def note(number: int) -> str:
        order.append(number)
        return threading.current_thread().name

    outcomes = await asyncio.gather(*(thread.call(lambda n=n: note(n)) for n in range(5)))  # type: ignore[misc]
    assert order == list(range(5))
    assert [outcome.value for outcome in outcomes] == ["it"] * 5
    thread.close()
    await thread.closed()


@pytest.mark.parametrize(
    "error", [ValueError("x"), StopIteration(), concurrent.futures.CancelledError()]
)
async def test_an_exception_is_an_outcome(error: Exception) -> None:
    def call() -> None:
        raise error

    thread = CallThread("it")
    assert (await thread.call(call)).error is error
    assert (await thread.call(lambda: 7)).value == 7
    thread.close()


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()]
)
async def test_what_would_end_the_process_or_the_task_is_a_crash(error: BaseException) -> None:
    def call() -> None:
        raise error

    thread = CallThread("it")
    crashed = (await thread.call(call)).error
    assert isinstance(crashed, Crashed)
    assert crashed.__cause__ is error
    assert thread.alive
    assert (await thread.call(lambda: 7)).value == 7
    thread.close()


async def test_a_thread_that_has_ended_fails_its_calls() -> None:
    thread = CallThread("it")
    gate = threading.Event()
    first = thread.call(lambda: gate.wait(10))
    thread.close()
    late = thread.call(lambda: 7)
    gate.set()
    assert (await first).value is True
    assert isinstance((await late).error, Crashed)
    await thread.closed()
    assert not thread.alive
    assert isinstance((await thread.call(lambda: 7)).error, Crashed)


async def test_a_call_left_behind_may_return_later_or_never() -> None:
    thread = CallThread("it")
    gate = threading.Event()
    left = thread.call(lambda: gate.wait(10))
    left.cancel()
    thread.close()
    gate.set()
    await thread.closed()
    assert left.cancelled()


def test_a_call_that_returns_after_its_loop_has_ended_disturbs_nobody() -> None:
    gate, threads = threading.Event(), set(threading.enumerate())

    async def leave() -> None:
        CallThread("left").call(lambda: gate.wait(10))

    asyncio.run(leave())
    gate.set()
    for thread in set(threading.enumerate()) - threads:
        thread.join(10)
        assert thread.daemon
        assert not thread.is_alive()
