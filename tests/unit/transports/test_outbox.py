"""What gives way in the queue to a client, and what never does."""

from __future__ import annotations

import asyncio

import pytest

from streaming.errors import ClientTooSlow
from streaming.events import EndReason, Final, Finalized, Partial, SpeechStarted, Suppressed
from streaming.transports.codec import Ack, Notice
from streaming.transports.outbox import Outbox


def partial(segment: int, revision: int, channel: int = 0) -> Partial:
    return Partial(segment, revision, channel, 0, 9, "", f"r{revision}", "en")


def final(segment: int, channel: int = 0) -> Final:
    return Final(segment, channel, 0, 9, "t", 1.0, "en", 1.0, EndReason.SILENCE)


async def rest(outbox: Outbox) -> list[Notice]:
    outbox.close()
    left = []
    while (notice := await outbox.get()) is not None:
        left.append(notice)
    return left


async def test_first_in_first_out() -> None:
    outbox = Outbox(9)
    notices: list[Notice] = [SpeechStarted(0, 0), partial(0, 1), final(0), Finalized("a", 9)]
    assert not outbox.put(notices[0])
    assert not outbox.put(notices[1])
    assert [await outbox.get(), await outbox.get()] == notices[:2]
    assert not outbox.put(notices[2])
    assert not outbox.put(notices[3])
    assert await rest(outbox) == notices[2:]


async def test_a_newer_partial_replaces_the_unsent_one_of_its_channel() -> None:
    outbox = Outbox(9)
    notices = (partial(0, 1), partial(1, 1, channel=1), partial(0, 2), partial(0, 3))
    assert [outbox.put(notice) for notice in notices] == [False, False, True, True]
    assert await rest(outbox) == [partial(1, 1, channel=1), partial(0, 3)]


async def test_a_partial_that_was_sent_replaces_nothing() -> None:
    outbox = Outbox(9)
    outbox.put(partial(0, 1))
    assert await outbox.get() == partial(0, 1)
    assert not outbox.put(partial(0, 2))
    assert await rest(outbox) == [partial(0, 2)]


@pytest.mark.parametrize("end", [final(0), Suppressed(0, 0, 0, 9, "no_words")])
async def test_the_end_of_a_segment_makes_its_unsent_partial_stale(end: Notice) -> None:
    outbox = Outbox(9)
    outbox.put(partial(0, 1))
    outbox.put(partial(1, 1, channel=1))
    outbox.put(end)
    assert await rest(outbox) == [partial(1, 1, channel=1), end]


async def test_a_newer_ack_replaces_the_unsent_one() -> None:
    outbox = Outbox(9)
    for notice in (Ack(1, 0), SpeechStarted(0, 0), Ack(2, 1)):
        outbox.put(notice)
    assert await rest(outbox) == [SpeechStarted(0, 0), Ack(2, 1)]


async def test_what_can_not_give_way_is_bounded() -> None:
    outbox = Outbox(3)
    for number in range(3):
        outbox.put(final(number))
    with pytest.raises(ClientTooSlow, match="3 messages"):
        outbox.put(final(3))
    with pytest.raises(ClientTooSlow):
        outbox.put(partial(4, 1))
    assert await rest(outbox) == [final(0), final(1), final(2)]


async def test_replacing_takes_no_place() -> None:
    outbox = Outbox(2)
    outbox.put(final(0))
    for revision in range(1, 50):
        outbox.put(partial(1, revision))
    assert len(outbox) == 2
    outbox.put(final(1))
    assert await rest(outbox) == [final(0), final(1)]


async def test_a_taker_waits_for_what_comes() -> None:
    outbox = Outbox(2)
    taker = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    assert not taker.done()
    outbox.put(final(0))
    assert await taker == final(0)


async def test_closing_lets_go_of_a_taker_and_takes_no_more() -> None:
    outbox = Outbox(2)
    taker = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    outbox.close()
    assert await taker is None
    outbox.put(final(0))
    assert len(outbox) == 0
