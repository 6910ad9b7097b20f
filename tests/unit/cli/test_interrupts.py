"""Ctrl-C, once and twice."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from streaming.cli.interrupts import Interrupts

pytestmark = pytest.mark.skipif(
    os.name == "nt" or threading.current_thread() is not threading.main_thread(),
    reason="signals reach the main thread",
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_is_a_request_and_the_second_an_end(number: signal.Signals) -> None:
    asked = asyncio.Event()
    before = signal.getsignal(number)

    with Interrupts(asked.set) as interrupts:
        os.kill(os.getpid(), number)
        await asked.wait()
        assert interrupts.came

        os.kill(os.getpid(), number)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()

    assert signal.getsignal(number) is before


async def test_without_one_nothing_is_changed() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts(lambda: pytest.fail("called")) as interrupts:
        assert signal.getsignal(signal.SIGINT) is not before
    assert not interrupts.came
    assert signal.getsignal(signal.SIGINT) is before
