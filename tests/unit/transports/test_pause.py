"""Where a session that must end is cut."""

from __future__ import annotations

import asyncio
import time

import pytest

from streaming.transports import pause as module
from streaming.transports.pause import pause

pytestmark = pytest.mark.timeout(20)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.001)


class Talk:
    """A session in which somebody speaks."""

    def __init__(self, *, speaking: bool = True) -> None:
        self.speaking = speaking
        self._received_ms = 0
        self.goes_on = False

    @property
    def received_ms(self) -> int:
        self._received_ms += 20 if self.goes_on else 0
        return self._received_ms


async def test_where_nobody_speaks_there_is_nothing_to_wait_for() -> None:
    began = asyncio.get_running_loop().time()
    await pause(Talk(speaking=False), 3_600)
    assert asyncio.get_running_loop().time() - began < 1


async def test_a_sentence_is_heard_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_S", 3_600)
    talk = Talk()
    waiting = asyncio.create_task(pause(talk, 3_600))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    talk.speaking = False
    await waiting


async def test_one_who_sends_no_more_can_not_come_to_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "QUIET_S", 0.05)
    talk = Talk()
    talk.goes_on = True
    waiting = asyncio.create_task(pause(talk, 3_600))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    talk.goes_on = False
    await waiting


async def test_one_who_never_pauses_is_cut() -> None:
    talk = Talk()
    talk.goes_on = True
    began = time.monotonic()
    await pause(talk, 0.05)
    assert talk.speaking
    assert time.monotonic() - began >= 0.05
