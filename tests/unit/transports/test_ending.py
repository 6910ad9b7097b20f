"""Ends of a connection without any socket: which reason counts, and who keeps the conversation."""

from __future__ import annotations

from typing import cast

import pytest

from streaming.admission import Place
from streaming.errors import (
    BadMessage,
    ClientTooSlow,
    EngineFault,
    QuotaExceeded,
    Restarting,
    WirescribeError,
)
from streaming.limits import ConnectionGuard
from streaming.options import SessionConfig
from streaming.principal import ANONYMOUS
from streaming.service import Service
from streaming.transports.codec import Audio, End
from streaming.transports.conversation import Conversation
from streaming.transports.ending import Ending
from streaming.transports.outbox import Outbox
from streaming.transports.tally import Tally
from tests.protocol.sounds import spoken
from tests.unit.transports.asgi import serving
from tests.unit.transports.test_conversation import LIMITS, Ear, Seat, seat

FIRST = BadMessage("first")


def conversation(service: Service, ear: Ear) -> Conversation:
    it = Conversation(
        "name",
        service.new_session(SessionConfig(language="en")),
        principal=ANONYMOUS,
        place=cast(Place, Seat()),
        scheduler=service.scheduler,
        guard=ConnectionGuard(LIMITS, 0.0),
        outbox=Outbox(64, 256),
        tally=Tally(service.metrics, "native"),
    )
    service.parking.add(it)
    it.attach(ear)
    return it


def outcome(service: Service, name: str) -> float:
    return service.metrics.value("sessions_total", transport="native", outcome=name) or 0


async def test_the_first_reason_counts() -> None:
    async with serving() as service:
        it = Ending(service, resumes=True)
        it.fail(FIRST, None)
        await it.wait()
        it.fail(QuotaExceeded("second"), None)
        assert it.reason(None) is FIRST


async def test_what_was_wrong_with_the_session_counts_before_what_ends_the_socket() -> None:
    async with serving() as service:
        it, held = Ending(service, resumes=True), conversation(service, Ear())
        it.fail(FIRST, held)
        held.failure = fault = EngineFault("it")
        assert it.reason(held) is fault


async def test_a_client_that_is_lost_can_come_back() -> None:
    async with serving() as service:
        ear = Ear()
        it, held = Ending(service, resumes=True), conversation(service, ear)
        it.lose()
        await it.wait()
        it.let_go(held, ear, held.tally)
        assert it.lost
        assert list(service.parking.parked()) == [held]
        assert not held.attached
        assert not seat(held).left
        assert not outcome(service, "lost")


@pytest.mark.parametrize("resumes", [True, False])
async def test_where_nobody_can_come_back_it_is_given_up(resumes: bool) -> None:
    async with serving(resume_ms=0, max_parked=0) as service:
        ear = Ear()
        it, held = Ending(service, resumes=resumes), conversation(service, ear)
        it.lose()
        it.let_go(held, ear, held.tally)
        assert not len(service.parking)
        assert seat(held).left
        assert outcome(service, "lost") == 1


@pytest.mark.parametrize(("error", "kept"), [(FIRST, False), (ClientTooSlow("slow"), True)])
async def test_who_did_something_wrong_is_not_waited_for_but_who_was_slow_is(
    error: WirescribeError, kept: bool
) -> None:
    async with serving() as service:
        ear = Ear()
        it, held = Ending(service, resumes=True), conversation(service, ear)
        it.fail(error, held)
        it.let_go(held, ear, held.tally)
        assert len(service.parking) == kept
        assert bool(seat(held).left) != kept
        assert outcome(service, "failed") == (not kept)


async def test_an_error_comes_behind_the_finals_and_a_client_is_not_waited_for_then() -> None:
    async with serving() as service:
        ear = Ear()
        it, held = Ending(service, resumes=True), conversation(service, ear)
        await held.obey(Audio(spoken(800)), ear, ("en",))
        await it.conclude(Restarting("now"), held, 20)
        await it.wait()
        it.lose()
        it.let_go(held, ear, held.tally)
        assert not len(service.parking)
        assert held.session.settled
        assert held.session.decoded_ms >= 800


async def test_one_that_has_finished_waits_only_until_it_is_known_to_have_heard_so() -> None:
    async with serving() as service:
        ear = Ear()
        it, held = Ending(service, resumes=True), conversation(service, ear)
        await held.obey(End(), ear, ("en",))
        assert ear.told == ["over"]
        it.over()
        await it.wait()
        assert it.reason(held) is None
        it.let_go(held, ear, held.tally)
        assert list(service.parking.parked()) == [held]
        assert seat(held).left
        assert outcome(service, "done") == 1


async def test_one_whose_conversation_was_taken_over_counts_for_nothing() -> None:
    async with serving() as service:
        it = Ending(service, resumes=True)
        it.fail(FIRST, None)
        it.displaced()
        it.let_go(None, Ear(), Tally(service.metrics, "native"))
        reason = it.reason(None)
        assert reason is not None
        assert reason.code == "taken_over"
        assert not any(outcome(service, name) for name in ("refused", "lost", "done", "failed"))
