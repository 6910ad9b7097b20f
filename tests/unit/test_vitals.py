"""What a service answers to a scrape, in every state of its life."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.engine.fake import FakeEngine
from streaming.headroom import Reading
from streaming.principal import ANONYMOUS
from streaming.service import Service
from streaming.settings import Settings
from streaming.vitals import ServiceVitals


class Visitor:
    """A connection with two requests waiting."""

    transport = "native"
    active = True
    backlog_ms = 1_500

    def work(self) -> Iterable[DecodeRequest]:
        for kind in (Kind.FINAL, Kind.PARTIAL):
            yield DecodeRequest(
                kind, 0, 0, 0, np.zeros(160, np.float32), LanguageChoice(fixed="en")
            )

    async def drain(self, deadline_s: float) -> None:
        raise NotImplementedError


class OnGpu(FakeEngine):
    """Says that it occupies memory."""

    def memory_used_bytes(self) -> int | None:
        return 2**30


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    it = Service(Settings.model_validate({"vad": {"mode": "webrtc"}}), lambda: [OnGpu()])
    yield it
    await it.stop()


async def test_before_the_start_there_is_nothing_and_nothing_fails(service: Service) -> None:
    vitals = ServiceVitals(service)
    assert list(vitals.engine_infos) == []
    assert vitals.sessions_active() == {"native": 0}
    assert vitals.backlog_ms() == 0
    assert vitals.queue_depths() == {Kind.FINAL: 0, Kind.PARTIAL: 0, Kind.EARLY: 0}
    assert vitals.workers_used() == 0
    assert vitals.seconds_since_success() is None
    assert vitals.gpu_memory_bytes() == {}
    assert dict(vitals.stage_seconds()) == {}
    assert (vitals.sessions_waiting(), vitals.quota_holders()) == (0, 0)
    assert vitals.load() == Reading()


async def test_a_line_and_those_who_are_known(service: Service) -> None:
    await service.start()
    vitals = ServiceVitals(service)
    place = await service.enter(ANONYMOUS, lambda *_: None, "192.0.2.1")
    assert vitals.quota_holders() == 1
    assert vitals.sessions_waiting() == 0
    assert vitals.load().cost > 0  # as it was guessed when the engine was warmed up
    place.leave()


async def test_sessions_and_what_they_wait_for_are_added_up(service: Service) -> None:
    await service.start()
    vitals = ServiceVitals(service)
    visitors = [Visitor(), Visitor()]
    for visitor in visitors:
        service.join(visitor)
    assert vitals.sessions_active() == {"native": 2}
    assert vitals.backlog_ms() == 3_000
    assert vitals.queue_depths() == {Kind.FINAL: 2, Kind.PARTIAL: 2, Kind.EARLY: 0}
    assert vitals.capacity == service.settings.limits.max_sessions
    assert [info.model for info in vitals.engine_infos] == ["fake"]
    assert vitals.gpu_memory_bytes() == {"cpu": 2**30}
    assert vitals.workers_used() == 0
    for visitor in visitors:
        service.part(visitor)
    assert vitals.sessions_active() == {"native": 0}


async def test_warming_up_is_no_success_of_a_session(service: Service) -> None:
    await service.start()
    assert ServiceVitals(service).seconds_since_success() is None
    assert service.metrics.value("batch_size_count", kind="final") == 0
