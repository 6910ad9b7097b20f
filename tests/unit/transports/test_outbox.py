"""What gives way in the queue to a client, and what never does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from streaming.events import (
    Ended,
    EndReason,
    Final,
    Finalized,
    LanguageDetected,
    Partial,
    SpeechStarted,
    Suppressed,
    Warned,
    WarningCode,
)
from streaming.transports.codec import Ack, Notice, Queued, Started
from streaming.transports.outbox import Delivery, Numbered, Outbox, lasts

STARTED = Started("s", "t", "m", "d", "en", {})


def partial(segment: int, revision: int, channel: int = 0) -> Partial:
    return Partial(segment, revision, channel, 0, 9, "", f"r{revision}", "en")


def final(segment: int, channel: int = 0) -> Final:
    return Final(segment, channel, 0, 9, "t", 1.0, "en", 1.0, EndReason.SILENCE)


async def rest(outbox: Outbox) -> list[Notice]:
    delivery = outbox.delivery
    delivery.close()
    left = []
    while (item := await delivery.get()) is not None:
        left.append(item.notice)
    return left


async def taken(outbox: Outbox) -> Notice:
    item = await outbox.delivery.get()
    assert item is not None
    return item.notice


async def test_first_in_first_out() -> None:
    outbox = Outbox(9, 9)
    notices: list[Notice] = [SpeechStarted(0, 0), partial(0, 1), final(0), Finalized("a", 9)]
    assert not outbox.put(notices[0])
    assert not outbox.put(notices[1])
    assert [await taken(outbox), await taken(outbox)] == notices[:2]
    assert not outbox.put(notices[2])
    assert not outbox.put(notices[3])
    assert await rest(outbox) == notices[2:]


async def test_a_newer_partial_replaces_the_unsent_one_of_its_channel() -> None:
    outbox = Outbox(9, 9)
    notices = (partial(0, 1), partial(1, 1, channel=1), partial(0, 2), partial(0, 3))
    assert [outbox.put(notice) for notice in notices] == [False, False, True, True]
    assert await rest(outbox) == [partial(1, 1, channel=1), partial(0, 3)]


async def test_a_partial_that_was_sent_replaces_nothing() -> None:
    outbox = Outbox(9, 9)
    outbox.put(partial(0, 1))
    assert await taken(outbox) == partial(0, 1)
    assert not outbox.put(partial(0, 2))
    assert await rest(outbox) == [partial(0, 2)]


@pytest.mark.parametrize("end", [final(0), Suppressed(0, 0, 0, 9, "no_words")])
async def test_the_end_of_a_segment_makes_its_unsent_partial_stale(end: Notice) -> None:
    outbox = Outbox(9, 9)
    outbox.put(partial(0, 1))
    outbox.put(partial(1, 1, channel=1))
    outbox.put(end)
    assert await rest(outbox) == [partial(1, 1, channel=1), end]


async def test_a_newer_ack_replaces_the_unsent_one() -> None:
    outbox = Outbox(9, 9)
    for notice in (Ack(1, 0), SpeechStarted(0, 0), Ack(2, 1)):
        outbox.put(notice)
    assert await rest(outbox) == [SpeechStarted(0, 0), Ack(2, 1)]


async def test_what_can_not_give_way_is_bounded() -> None:
    outbox = Outbox(3, 9)
    for number in range(3):
        outbox.put(final(number))
    full = [outbox.overfull]
    outbox.put(final(3))
    assert [*full, outbox.overfull] == [False, True]
    assert await rest(outbox) == [final(number) for number in range(4)]


async def test_replacing_takes_no_place() -> None:
    outbox = Outbox(2, 9)
    outbox.put(final(0))
    for revision in range(1, 50):
        outbox.put(partial(1, revision))
    assert len(outbox) == 2
    outbox.put(final(1))
    assert await rest(outbox) == [final(0), final(1)]


async def test_a_taker_waits_for_what_comes() -> None:
    outbox = Outbox(2, 9)
    taker = asyncio.create_task(outbox.delivery.get())
    await asyncio.sleep(0)
    assert not taker.done()
    outbox.put(final(0))
    assert await taker == Numbered(1, final(0))


async def test_a_closed_delivery_ends_behind_what_waits_and_the_queue_goes_on() -> None:
    outbox = Outbox(2, 9)
    outbox.put(final(0))
    delivery = outbox.delivery
    delivery.close()
    outbox.put(final(1))
    assert await delivery.get() == Numbered(1, final(0))
    assert await delivery.get() is None
    assert len(outbox) == 1


@pytest.mark.parametrize("end", [Delivery.close, Delivery.stop])
async def test_ending_a_delivery_lets_go_of_its_taker(end: Callable[[Delivery], None]) -> None:
    delivery = Outbox(2, 9).delivery
    taker = asyncio.create_task(delivery.get())
    await asyncio.sleep(0)
    end(delivery)
    assert await taker is None


def test_what_passes_has_no_number() -> None:
    passing: list[Notice] = [
        partial(0, 1), Ack(1, 1), STARTED, Queued(1, 100),
        Warned(WarningCode.DRAINING, ""), Warned(WarningCode.SLOW_PARTIALS, ""),
    ]  # fmt: skip
    lasting: list[Notice] = [
        final(0), Suppressed(1, 0, 0, 9, "no_words"), SpeechStarted(0, 0), Finalized("a", 9),
        Warned(WarningCode.CLIPPING, ""), LanguageDetected(0, "en", 0.9), Ended(9, 1, 1),
    ]  # fmt: skip
    assert [lasts(notice) for notice in passing] == [False] * len(passing)
    assert [lasts(notice) for notice in lasting] == [True] * len(lasting)


async def sent(outbox: Outbox, count: int) -> list[Numbered]:
    items = [await outbox.delivery.get() for _ in range(count)]
    return [item for item in items if item is not None]


async def test_another_socket_gets_what_came_behind_what_was_received() -> None:
    outbox = Outbox(9, 9)
    for number in range(4):
        outbox.put(final(number))
    before = outbox.delivery
    await sent(outbox, 3)
    outbox.put(partial(4, 1))
    after = outbox.deliver(STARTED, 2)
    assert await before.get() is None
    assert await sent(outbox, 4) == [
        Numbered(None, STARTED),
        Numbered(3, final(2)),
        Numbered(4, final(3)),
        Numbered(None, partial(4, 1)),
    ]
    assert after.empty


async def test_a_partial_from_before_the_cut_still_gives_way() -> None:
    outbox = Outbox(9, 9)
    outbox.put(final(0))
    await sent(outbox, 1)
    outbox.put(partial(1, 1))
    outbox.deliver(STARTED, 0)
    assert outbox.put(partial(1, 2))
    assert await rest(outbox) == [STARTED, final(0), partial(1, 2)]


async def test_without_a_word_of_the_client_what_is_known_to_have_arrived_counts() -> None:
    outbox = Outbox(9, 9)
    for number in range(3):
        outbox.put(final(number))
    await sent(outbox, 3)
    outbox.arrived(2)
    outbox.arrived(1)  # an older ping's answer
    assert not outbox.delivered
    outbox.deliver(STARTED, None)
    assert await rest(outbox) == [STARTED, final(2)]
    outbox.arrived(99)
    assert outbox.delivered


async def test_the_clients_word_counts_more_than_its_sockets() -> None:
    """Its WebSocket had it, but the program behind that did not."""
    outbox = Outbox(9, 9)
    for number in range(3):
        outbox.put(final(number))
    await sent(outbox, 3)
    outbox.arrived(3)
    outbox.deliver(STARTED, 1)
    assert await rest(outbox) == [STARTED, final(1), final(2)]


async def test_more_than_there_was_can_not_have_been_received() -> None:
    outbox = Outbox(9, 9)
    outbox.put(final(0))
    outbox.deliver(STARTED, 7)
    assert await rest(outbox) == [STARTED, final(0)]


async def test_the_greeting_of_a_socket_that_broke_too_is_not_repeated() -> None:
    outbox = Outbox(9, 9)
    outbox.deliver(STARTED, 0)
    outbox.deliver(STARTED, 0)
    assert await rest(outbox) == [STARTED]


async def test_of_what_was_sent_the_oldest_is_forgotten() -> None:
    outbox = Outbox(9, 2)
    for number in range(4):
        outbox.put(final(number))
    await sent(outbox, 4)
    with pytest.raises(LookupError, match="2 is kept no more"):
        outbox.deliver(STARTED, 1)
    outbox.deliver(STARTED, 2)
    assert await rest(outbox) == [STARTED, final(2), final(3)]
