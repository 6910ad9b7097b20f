from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Iterator

import pytest

from streaming.complaints import Complaints
from streaming.logs import configure_logging

ACCEPT = {
    "message": "socket.accept() out of system resource",
    "exception": OSError(errno.EMFILE, "Too many open files"),
}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    before = logging.getLogger().handlers[:]
    configure_logging(json=True)
    yield capsys
    logging.getLogger().handlers[:] = before


async def test_the_same_is_said_once_a_second(lines: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    complain = Complaints(clock)
    loop = asyncio.get_running_loop()
    for _ in range(2_048):
        complain(loop, dict(ACCEPT))
    assert lines.readouterr().err.count('"out_of_files"') == 1
    clock.now += 1.0
    complain(loop, dict(ACCEPT))
    assert lines.readouterr().err.count('"out_of_files"') == 1


async def test_what_a_callback_was_called_with_is_not_said(
    lines: pytest.CaptureFixture[str],
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(Complaints())

    def heard(words: str) -> None:
        raise LookupError

    loop.call_soon(heard, "a secret")
    await asyncio.sleep(0.001)
    said = lines.readouterr().err
    assert '"event_loop"' in said
    assert "LookupError" in said
    assert "a secret" not in said


async def test_its_memory_is_bounded() -> None:
    complain = Complaints(Clock())
    for number in range(1_000):
        complain(asyncio.get_running_loop(), {"message": f"kind {number}"})
    assert len(complain._told) <= 64
