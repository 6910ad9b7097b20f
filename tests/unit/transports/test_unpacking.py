"""Coded audio on its way: decoded in its turn, held back and let out, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from streaming.errors import Overloaded
from streaming.limits import ConnectionGuard
from streaming.media import MediaError
from streaming.media.live import Coding, FakeDecoders, Form, LiveDecoder
from streaming.media.live.fake import DAMAGED
from streaming.transports.codec import (
    Audio,
    Codec,
    Coded,
    Command,
    End,
    Finalize,
    KeepAlive,
)
from streaming.transports.native import NativeCodec
from streaming.transports.unpacking import Unpacking
from tests.unit.transports.test_inbox import LIMITS


class CodedCodec(NativeCodec):
    """A dialect whose audio is coded."""

    coding: Coding | None = Coding(Form.OPUS)


GUARD = ConnectionGuard(LIMITS, 0.0)
ONE = np.array([16_384, -16_384], "<i2").tobytes()
HEARD = np.array([0.5, -0.5], "<f4").tobytes()


async def through(it: Unpacking, *commands: Command) -> list[Command]:
    steps: list[Sequence[Command]] = [step async for step in it.through(commands, GUARD)]
    return [command for step in steps for command in step]


def unpacking(decoders: FakeDecoders, codec: Codec | None = None) -> Unpacking:
    return Unpacking(codec or CodedCodec(), decoders)


async def test_what_is_not_coded_goes_through_as_it_is() -> None:
    decoders = FakeDecoders()
    it = unpacking(decoders, NativeCodec())
    assert await through(it, Audio(ONE), Finalize("1"), End()) == [Audio(ONE), Finalize("1"), End()]
    it.close()
    assert decoders.opened == []


async def test_sound_stands_where_coded_audio_stood() -> None:
    decoders = FakeDecoders()
    it = unpacking(decoders)
    assert await through(it, KeepAlive(), Coded(ONE)) == [KeepAlive(), Audio(HEARD)]
    assert await through(it, Coded(ONE)) == [Audio(HEARD)]
    [decoder] = decoders.opened
    assert decoder.coding == Coding(Form.OPUS)
    it.close()
    assert decoder.closed


async def test_what_a_decoder_holds_back_comes_before_what_needs_it() -> None:
    it = unpacking(FakeDecoders(held=4))
    assert await through(it, Coded(ONE), Finalize("1")) == [Audio(HEARD), Finalize("1")]
    assert await through(it, Coded(ONE), End()) == [Audio(HEARD), End()]


async def test_who_ends_without_audio_needs_no_decoder() -> None:
    decoders = FakeDecoders(most=0)
    assert await through(unpacking(decoders), Finalize("1"), End()) == [Finalize("1"), End()]


async def test_a_block_is_let_out_before_the_next_is_asked_for() -> None:
    steps = unpacking(FakeDecoders()).through([Coded(bytes(100_000))], GUARD)
    first = await anext(steps)
    assert first == [Audio(bytes(64_000))]
    assert len([step async for step in steps]) == 3


async def test_damage_and_a_lack_of_decoders_are_raised() -> None:
    it = unpacking(FakeDecoders())
    with pytest.raises(MediaError, match="audio: is damaged"):
        await through(it, Coded(DAMAGED))
    with pytest.raises(Overloaded):
        await through(unpacking(FakeDecoders(most=0)), Coded(ONE))


async def test_a_decoder_that_comes_too_late_is_closed() -> None:
    come, made = asyncio.Event(), FakeDecoders()

    class Late(FakeDecoders):
        async def open(self, coding: Coding) -> LiveDecoder:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                decoder = await made.open(coding)
                come.set()
                return decoder
            raise AssertionError

    waiting = asyncio.create_task(through(unpacking(Late()), Coded(ONE)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await come.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    opened: Any = made.opened[0]
    assert opened.closed
