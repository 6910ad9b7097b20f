"""The decoder that is shipped for tests."""

from __future__ import annotations

import pytest

from streaming.errors import Overloaded
from streaming.media import MediaError
from streaming.media.live import Coding, FakeDecoders, Form
from streaming.media.live.fake import DAMAGED

CODING = Coding(Form.OPUS)


async def test_samples_become_floats_and_some_are_held_back() -> None:
    it = await FakeDecoders(held=2).open(CODING)
    assert [block async for block in it.push(b"\x00\x40\x00\xc0\x01")] == [b"\x00\x00\x00\x3f"]
    assert [block async for block in it.flush()] == [b"\x00\x00\x00\xbf"]
    assert [block async for block in it.finish()] == []


async def test_damage_bounds_and_the_end() -> None:
    decoders = FakeDecoders(most=1)
    it = await decoders.open(CODING)
    with pytest.raises(MediaError):
        _ = [block async for block in it.push(DAMAGED)]
    with pytest.raises(Overloaded):
        await decoders.open(CODING)
    await decoders.stop()
    assert decoders.opened[0].closed
    with pytest.raises(Overloaded):
        await decoders.open(CODING)
