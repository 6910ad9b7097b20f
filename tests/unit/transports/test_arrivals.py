"""From stream time to the clock's."""

from __future__ import annotations

from streaming.transports.arrivals import Arrivals


def test_audio_came_with_the_piece_that_holds_it() -> None:
    arrivals = Arrivals()
    assert arrivals.of(0) is None
    arrivals.add(100, 5.0)
    arrivals.add(200, 5.5)
    assert [arrivals.of(ms) for ms in (0, 1, 100, 101, 200)] == [5.0, 5.0, 5.0, 5.5, 5.5]


def test_what_has_not_come_counts_as_having_come_with_the_latest() -> None:
    arrivals = Arrivals()
    arrivals.add(100, 5.0)
    assert arrivals.of(1_000) == 5.0


def test_the_oldest_are_forgotten_and_memory_is_bounded() -> None:
    arrivals = Arrivals()
    for piece in range(20_000):
        arrivals.add(piece * 20 + 20, piece / 50)
    assert len(arrivals) < 4_500
    newest = 20_000 * 20
    assert arrivals.of(newest) == 19_999 / 50
    assert arrivals.of(newest - 80_000) == (20_000 - 4_000 - 1) / 50
    oldest = arrivals.of(0)
    assert oldest is not None
    assert oldest > 300
