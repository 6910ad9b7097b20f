"""Who gets a place, who waits and who is turned away; the clock and the load are the test's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from streaming.admission import Admission, AdmissionLimits, Place
from streaming.errors import Overloaded, QuotaExceeded, Restarting
from streaming.headroom import Reading
from streaming.principal import ANONYMOUS, Principal
from streaming.quotas import Caps, QuotaLimits, Quotas

HOME = "192.0.2.1"
IDLE = Reading()


class House:
    """An admission with everything around it in the test's hands."""

    def __init__(
        self, *, sessions: int = 100, waiting: int = 8, quotas: QuotaLimits | None = None
    ) -> None:
        self.now = 1_000.0
        self.load = IDLE
        self.closed: Exception | None = None
        self.parked = 0
        self.admitted_after: list[float | None] = []
        self.turned: Counter[str] = Counter()
        self.told: dict[str, list[tuple[int, int]]] = {}
        self.tasks: list[asyncio.Task[Place]] = []
        self.admission = Admission(
            AdmissionLimits(sessions, ceiling=0.65, late_s=1.0, max_waiting=waiting, max_wait_s=30),
            Quotas(quotas or QuotaLimits()),
            opened=self._opened,
            read=lambda now: self.load,
            returning=lambda: self.parked > 0,
            watcher=self,
            clock=lambda: self.now,
        )

    def _opened(self) -> None:
        if self.closed:
            raise self.closed

    def admitted(self, waited_s: float | None) -> None:
        self.admitted_after.append(waited_s)

    def turned_away(self, reason: str) -> None:
        self.turned[reason] += 1

    def _enter(self, who: Principal, address: str) -> Coroutine[Any, Any, Place]:
        told = self.told.setdefault(who.key or address, [])
        return self.admission.enter(who, address, lambda *it: told.append(it))

    async def enter(self, who: Principal = ANONYMOUS, address: str = HOME) -> Place:
        """Enter where it must not take a wait."""
        place = await self._enter(who, address)
        assert self.admitted_after[-1] is None
        return place

    async def wait(self, who: Principal = ANONYMOUS, address: str = HOME) -> asyncio.Task[Place]:
        task = asyncio.create_task(self._enter(who, address))
        self.tasks.append(task)
        await turn()
        assert not task.done()
        return task

    async def look(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.admission.tick()
        await turn()


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    it = House(sessions=2)
    yield it
    await close(it)


async def close(it: House) -> None:
    for task in it.tasks:
        task.cancel()
    await asyncio.gather(*it.tasks, return_exceptions=True)
    assert not it.admission.waiting


def busy(speaking: int, cost: float = 0.03, used: float = 0.9, late_s: float = 0.0) -> Reading:
    return Reading(used=used, cost=cost, speaking=speaking, waiting_s=late_s)


# -- the hard cap ------------------------------------------------------------------------------


async def test_places_run_out_and_come_back(house: House) -> None:
    one, two = await house.enter(), await house.enter()
    assert house.admission.slots.active == 2
    waiting = await house.wait()
    assert house.admission.waiting == 1
    one.leave()
    one.leave()
    await turn()
    third = await waiting
    assert house.admission.slots.active == 2
    two.leave()
    third.leave()
    assert house.admission.slots.active == 0


async def test_ready_is_where_the_next_one_need_not_wait(house: House) -> None:
    full = [house.admission.full]
    one, _ = await house.enter(), await house.enter()
    full.append(house.admission.full)
    one.leave()
    full.append(house.admission.full)
    assert full == [False, True, False]


# -- measured headroom -------------------------------------------------------------------------


async def test_a_first_one_is_always_let_in() -> None:
    it = House()
    it.load = busy(0, cost=3.0, used=1.0)
    await it.enter()


async def test_always_busy_is_not_full_while_what_lasts_has_its_time() -> None:
    """Sixteen speakers on two cores: partials fill every gap, and finals need under a half."""
    it = House()
    for _ in range(16):
        (await it.enter()).expected_until = 0
    it.load = busy(16, cost=0.028, used=0.95)
    await it.enter()


async def test_whoever_would_make_finals_late_waits() -> None:
    it = House()
    for _ in range(22):
        (await it.enter()).expected_until = 0
    it.load = busy(22, cost=0.03, used=1.0)
    waiting = await it.wait()
    it.load = busy(20, cost=0.03, used=1.0)  # one has stopped talking
    await it.look(0.25)
    assert waiting.done()
    assert it.admitted_after[-1] == pytest.approx(0.25)
    await close(it)


async def test_finals_that_are_late_already_are_reason_enough() -> None:
    it = House()
    (await it.enter()).expected_until = 0
    it.load = busy(1, cost=0.001, used=0.1, late_s=1.2)
    waiting = await it.wait()
    it.load = busy(1, cost=0.001, used=0.1, late_s=0.8)
    await it.look(1)
    assert waiting.done()
    await close(it)


async def test_a_dear_estimate_does_not_keep_workers_idle() -> None:
    """A GPU decodes one final as fast as ten: what one costs says little of what ten do."""
    it = House()
    for _ in range(20):
        (await it.enter()).expected_until = 0
    it.load = busy(20, cost=0.05, used=0.3)
    await it.enter()


async def test_idle_sessions_cost_nothing() -> None:
    it = House(sessions=250)
    it.load = busy(0, cost=0.03, used=0.0)
    for _ in range(200):
        await it.enter()
        it.now += 0.1
    it.load = busy(16, cost=0.028, used=0.95)
    it.now += 5
    await it.enter()


async def test_a_crowd_is_not_let_in_on_one_reading() -> None:
    it = House(waiting=100)
    it.load = busy(0, cost=0.03, used=0.0)  # as it was before any of them spoke
    inside = 0
    for number in range(50):
        who = Principal(key=str(number))
        task = asyncio.create_task(it._enter(who, HOME))
        it.tasks.append(task)
        await turn()
        inside += task.done()
    assert 15 <= inside <= 22
    assert it.admission.waiting == 50 - inside
    await it.look(1.1)  # nobody spoke: the next ones may
    assert 30 <= sum(task.done() for task in it.tasks) <= 44
    await it.look(1.1)
    assert all(task.done() for task in it.tasks)
    await close(it)


async def test_one_that_sends_audio_is_counted_until_it_can_be_measured() -> None:
    it = House()
    it.load = busy(0, cost=0.4)
    place = await it.enter()
    it.now += 10
    place.audio(100)
    it.load = busy(0, cost=0.4)
    waiting = await it.wait()
    await it.look(1.4)
    assert not waiting.done()
    await it.look(0.2)  # it was no speech
    assert waiting.done()
    await close(it)


async def test_those_just_let_in_are_not_counted_twice() -> None:
    it = House()
    places = [await it.enter() for _ in range(16)]
    for place in places:
        place.audio(100)
    it.load = busy(16, cost=0.03, used=0.9)
    await it.enter()


# -- the line ----------------------------------------------------------------------------------


async def test_who_waits_is_told_where_it_stands_and_when_that_changes(house: House) -> None:
    one, _ = await house.enter(), await house.enter()
    first = await house.wait(Principal(key="a"))
    await house.wait(Principal(key="b"))
    assert [position for position, _ in house.told["b"]] == [2]
    await house.look(0.25)
    assert len(house.told["b"]) == 1
    await house.look(5)
    assert len(house.told["b"]) == 2
    one.leave()
    await turn()
    assert first.done()
    assert [position for position, _ in house.told["b"]] == [2, 2, 1]
    assert all(eta_ms >= 1_000 for _, eta_ms in house.told["b"])


async def test_keys_and_addresses_take_turns(house: House) -> None:
    one, two = await house.enter(), await house.enter()
    many = [await house.wait(Principal(key="many")) for _ in range(3)]
    few = await house.wait(address="198.51.100.1")
    one.leave()
    two.leave()
    await turn()
    assert many[0].done()
    assert few.done()
    assert not many[1].done()


async def test_nobody_jumps_the_line(house: House) -> None:
    one, _ = await house.enter(), await house.enter()
    first = await house.wait(Principal(key="a"))
    one.leave()  # the line has not been looked at yet
    second = await house.wait(Principal(key="b"))
    assert first.done()
    assert not second.done()


async def test_whoever_goes_leaves_the_line(house: House) -> None:
    one, _ = await house.enter(), await house.enter()
    first, second = [await house.wait(Principal(key=key)) for key in "ab"]
    first.cancel()
    await turn()
    assert house.admission.waiting == 1
    assert house.turned["left"] == 1
    one.leave()
    await turn()
    assert second.done()


async def test_a_place_given_to_one_who_has_just_gone_is_not_lost(house: House) -> None:
    one, _ = await house.enter(), await house.enter()
    first, second = [await house.wait(Principal(key=key)) for key in "ab"]
    one.leave()
    house.admission.tick()
    first.cancel()
    await turn()
    await house.look(0.25)
    assert first.cancelled()
    assert second.done()
    assert house.admission.slots.active == 2


async def test_nobody_waits_for_ever(house: House) -> None:
    await house.enter()
    await house.enter()
    waiting = await house.wait()
    await house.look(29.9)
    assert not waiting.done()
    await house.look(0.2)
    with pytest.raises(Overloaded, match="within 30 s") as caught:
        await waiting
    assert caught.value.retry_after_ms
    assert house.turned["overloaded"] == 1


async def test_a_full_line_turns_away_with_a_time_to_come_back() -> None:
    it = House(sessions=1, waiting=2)
    await it.enter()
    await it.wait(Principal(key="a"))
    await it.wait(Principal(key="b"))
    for who in ("c", "a"):
        with pytest.raises(Overloaded, match="all 1 sessions") as caught:
            await it._enter(Principal(key=who), HOME)
        assert 1_000 <= (caught.value.retry_after_ms or 0) <= 30_000
        with pytest.raises(Overloaded):
            it.admission.look(Principal(key=who), HOME)
    assert it.turned["overloaded"] == 4
    assert it.admission.waiting == 2
    await close(it)


async def test_without_a_line_a_full_server_turns_away() -> None:
    it = House(sessions=1, waiting=0)
    it.admission.look(ANONYMOUS, HOME)
    await it.enter()
    with pytest.raises(Overloaded):
        await it._enter(ANONYMOUS, HOME)
    assert it.admission.slots.active == 1


async def test_a_busy_server_says_that_it_is_busy() -> None:
    it = House(waiting=0)
    (await it.enter()).expected_until = 0
    it.load = busy(30, used=1.0)
    with pytest.raises(Overloaded, match="no time to decode"):
        await it._enter(ANONYMOUS, HOME)


async def test_going_down_sends_everyone_away_who_waits(house: House) -> None:
    await house.enter()
    await house.enter()
    waiting = await house.wait()
    house.closed = Restarting("the server is restarting; reconnect now")
    house.admission.close(house.closed)
    with pytest.raises(Restarting):
        await waiting
    with pytest.raises(Restarting):
        await house._enter(ANONYMOUS, HOME)
    with pytest.raises(Restarting):
        house.admission.look(ANONYMOUS, HOME)
    assert house.turned["restarting"] == 3


async def test_sockets_that_have_not_begun_are_bounded_too() -> None:
    it = House(sessions=10, waiting=5)
    it.admission.look(ANONYMOUS, HOME, sockets=78)
    it.parked = 1
    with pytest.raises(Overloaded, match="not begun"):
        it.admission.look(ANONYMOUS, HOME, sockets=79)


async def test_one_of_the_parked_may_be_back() -> None:
    """Who it is shows only in its first message; so it isn't turned away at the door."""
    it = House(sessions=1, waiting=0)
    await it.enter()
    with pytest.raises(Overloaded):
        it.admission.look(ANONYMOUS, HOME)
    it.parked = 1
    it.admission.look(ANONYMOUS, HOME)
    with pytest.raises(Overloaded):
        await it._enter(ANONYMOUS, HOME)


# -- quotas ------------------------------------------------------------------------------------


async def test_sessions_of_a_key_count_while_they_wait_and_until_they_leave() -> None:
    anna = Principal(key="anna")
    it = House(sessions=1, quotas=QuotaLimits(key=Caps(sessions=2)))
    place = await it.enter(anna)
    waiting = await it.wait(anna)
    with pytest.raises(QuotaExceeded):
        await it._enter(anna, HOME)
    with pytest.raises(QuotaExceeded):
        it.admission.look(anna, HOME)
    assert it.turned["sessions"] == 2
    waiting.cancel()
    await turn()
    place.leave()
    await it.enter(anna)
    await close(it)


async def test_audio_is_counted_for_the_key() -> None:
    anna = Principal(key="anna")
    it = House(quotas=QuotaLimits(key=Caps(audio_s_per_hour=10)))
    place = await it.enter(anna)
    assert place.limits == {"audio_ms_per_hour": 10_000, "audio_ms_left": 10_000}
    place.audio(10_000)
    with pytest.raises(QuotaExceeded):
        place.audio(100)
    place.leave()
    place.audio(100)
    assert place.limits == {}
    with pytest.raises(QuotaExceeded):
        await it._enter(anna, HOME)
    assert "RateLimit" in it.admission.headers(anna, HOME)
    assert it.admission.slots.active == 0


async def test_knocking_too_often_is_refused_and_counted() -> None:
    it = House(quotas=QuotaLimits(handshakes_per_s=1.0, handshake_burst=2))
    it.admission.knock(HOME)
    it.admission.knock(HOME)
    with pytest.raises(QuotaExceeded):
        it.admission.knock(HOME)
    assert it.turned == {"connections": 1}
