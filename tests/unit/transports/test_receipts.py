"""When a client is asked what has arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streaming.transports.receipts import EXTENSION, Receipts


class Pings:
    """A socket's pings, taken down."""

    def __init__(self) -> None:
        self.heard: Callable[[int], None] = lambda _: None
        self.asked: list[int] = []

    def ping(self, number: int) -> None:
        self.asked.append(number)


def test_it_asks_behind_what_lasts_when_nothing_more_follows() -> None:
    pings = Pings()
    receipts = Receipts({"extensions": {EXTENSION: pings}})
    receipts.sent(None, more=False)  # a partial: nobody misses it
    receipts.sent(1, more=True)
    receipts.sent(2, more=True)
    receipts.sent(None, more=False)
    receipts.sent(None, more=False)
    receipts.sent(3, more=False)
    assert pings.asked == [2, 3]


def test_it_asks_now_and_then_while_there_is_no_end_of_it() -> None:
    pings = Pings()
    receipts = Receipts({"extensions": {EXTENSION: pings}})
    for number in range(1, 101):
        receipts.sent(number, more=True)
    assert pings.asked == [32, 64, 96]


def test_answers_go_to_who_wants_to_hear() -> None:
    pings = Pings()
    receipts = Receipts({"extensions": {EXTENSION: pings}})
    heard: list[int] = []
    receipts.hear(heard.append)
    pings.heard(7)
    assert heard == [7]
    assert receipts.known


def test_without_pings_nothing_is_known_and_nothing_asked() -> None:
    scopes: list[dict[str, Any]] = [{}, {"extensions": None}, {"extensions": {}}]
    for scope in scopes:
        receipts = Receipts(scope)
        receipts.hear(lambda _: None)
        receipts.sent(1, more=False)
        assert not receipts.known
