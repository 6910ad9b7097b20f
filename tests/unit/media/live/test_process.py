"""Real decoding processes: asked, held up, stopped in their tracks, killed; none is left over."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from streaming.media import MediaError
from streaming.media.live import Coding, Form
from streaming.media.live.process import DecoderProcess

CONTAINER = Coding(Form.CONTAINER)
HEAD = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + struct.pack(
    "<HHIIHH", 1, 1, 16_000, 32_000, 2, 16
)
HEAD += b"data\xff\xff\xff\xff"


@asynccontextmanager
async def running(coding: Coding = CONTAINER, **options: float) -> AsyncIterator[DecoderProcess]:
    it = await DecoderProcess.start(**options)
    try:
        await it.take(coding)
        yield it
    finally:
        it.close()
        await it.gone()
        assert not it.alive


async def pushed(it: DecoderProcess, data: bytes) -> bytes:
    return b"".join([block async for block in it.push(data)])


async def test_sound_comes_back_to_the_sample() -> None:
    sound = np.arange(-8_000, 8_000, dtype="<i2")
    async with running() as it:
        got = await pushed(it, HEAD)
        for at in range(0, 32_000, 999):
            got += await pushed(it, sound.tobytes()[at : at + 999])
        got += b"".join([block async for block in it.flush()])
        got += b"".join([block async for block in it.finish()])
    np.testing.assert_array_equal(np.frombuffer(got, "<f4"), sound / np.float32(32_768))


async def test_a_stream_that_can_not_be_decoded_is_refused_by_name() -> None:
    async with running() as it:
        with pytest.raises(MediaError, match="audio: does not begin as any container does"):
            await pushed(it, bytes(100))
        with pytest.raises(MediaError, match="audio: has ended"):
            await pushed(it, bytes(100))


async def test_one_that_stands_still_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async with running(stalled_s=0.2) as it:
        os.kill(it.pid, signal.SIGSTOP)
        with pytest.raises(MediaError, match="audio: can't be decoded"):
            await pushed(it, HEAD + bytes(100))
        assert not it.alive


async def test_one_that_is_brought_down_is_no_matter_of_the_server() -> None:
    async with running() as it:
        os.kill(it.pid, signal.SIGSEGV)
        with pytest.raises(MediaError, match="brings the decoder down"):
            await pushed(it, HEAD + bytes(100))


async def test_who_takes_no_blocks_holds_it_up() -> None:
    async with running() as it:
        blocks = it.push(HEAD + bytes(3_000_000))  # a minute and a half
        await anext(blocks)
        output: Any = it._process.stdout
        waiting = 0
        for _ in range(20):
            await asyncio.sleep(0.01)
            waiting = len(output._buffer)
        assert waiting < 1_000_000
        assert sum([len(block) async for block in blocks]) > 5_000_000


async def test_one_whose_server_is_gone_ends_by_itself() -> None:
    it = await DecoderProcess.start()
    it.hang_up()
    async with asyncio.timeout(10):
        await it.gone()
    assert not it.alive
