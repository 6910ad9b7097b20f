"""What a process shares: loading, places, draining, stopping, and how the engine is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from streaming.decoding import DecodeRequest, Kind
from streaming.endpointing import PRESETS, Endpointing, Preset
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.errors import BadConfiguration, Overloaded, Restarting, UnsupportedAudio
from streaming.lifecycle import Life
from streaming.principal import ANONYMOUS
from streaming.service import Service
from streaming.settings import Settings

pytestmark = pytest.mark.timeout(30)


def settings(**sections: dict[str, object]) -> Settings:
    return Settings.model_validate({"vad": {"mode": "webrtc"}, **sections})


class Visitor:
    """A connection that takes note of being drained, and leaves when told to."""

    transport = "native"
    active = True
    backlog_ms = 0

    def __init__(self, service: Service, *, fails: bool = False) -> None:
        self._service = service
        self._fails = fails
        self.deadlines: list[float] = []

    def work(self) -> tuple[DecodeRequest, ...]:
        return ()

    async def drain(self, deadline_s: float) -> None:
        self.deadlines.append(deadline_s)
        if self._fails:
            self._service.part(self)
            raise ConnectionResetError
        await asyncio.sleep(0)
        self._service.part(self)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    it = Service(settings(limits={"max_sessions": 2}), lambda: [FakeEngine()])
    await it.start()
    yield it
    await it.stop()


async def test_it_is_warm_before_it_is_ready() -> None:
    engine = FakeEngine(languages=("de",))
    it = Service(settings(), lambda: [engine])
    assert it.lifecycle.life is Life.STARTING
    await it.start()
    kinds = {asked.kind for batch in engine.batches for asked in batch}
    assert {Kind.PARTIAL, Kind.FINAL} <= kinds
    assert {asked.language.fixed for batch in engine.batches for asked in batch} == {"de"}
    assert it.languages == ("de",)
    assert [it.lifecycle.life] == [Life.READY]
    await it.stop()
    assert engine.closed


async def test_what_loading_raises_is_raised_and_it_never_gets_ready() -> None:
    def load() -> Sequence[Engine]:
        raise OSError("no model")

    it = Service(settings(), load)
    with pytest.raises(OSError, match="no model"):
        await it.start()
    assert it.lifecycle.life is Life.STARTING
    with pytest.raises(RuntimeError, match="not started"):
        _ = it.scheduler
    with pytest.raises(Overloaded, match="loading"):
        it.check_life()
    assert await it.engine_room.response_ms(1) is None
    await it.stop()


async def test_connections_are_known_while_they_last(service: Service) -> None:
    one, two = Visitor(service), Visitor(service)
    service.join(one)
    service.join(two)
    assert set(service.connections) == {one, two}
    service.part(one)
    service.part(one)
    assert list(service.connections) == [two]


async def test_a_place_is_had_through_admission(service: Service) -> None:
    place = await service.enter(ANONYMOUS, lambda *_: None, "192.0.2.1")
    assert service.slots.active == 1
    place.leave()
    place.leave()
    assert service.slots.active == 0


async def test_draining_asks_everyone_and_takes_nobody(service: Service) -> None:
    visitors = [Visitor(service, fails=True), Visitor(service)]
    for visitor in visitors:
        service.join(visitor)
    await service.drain(3.0)
    assert [visitor.deadlines for visitor in visitors] == [[3.0], [3.0]]
    assert service.lifecycle.life is Life.DRAINING
    with pytest.raises(Restarting):
        service.check_life()
    await service.drain(3.0)
    assert visitors[0].deadlines == [3.0]


async def test_sessions_get_the_operators_settings() -> None:
    chosen = settings(
        endpointing={"preset": "telephony", "silence_ms": 400, "max_segment_ms": 9_000},
        limits={"max_channels": 1, "max_session_ms": 60_000},
    )
    it = Service(chosen, lambda: [FakeEngine()])
    await it.start()
    config = it.parse_start({"language": "de"})
    sentence = PRESETS[Preset.TELEPHONY].sentence_silence_ms
    assert config.endpointing == Endpointing(400, 9_000, sentence)
    assert config.language == "de"
    assert it.new_session(config).config == config
    with pytest.raises(UnsupportedAudio):
        it.parse_start({"audio": {"channels": 2}})
    with pytest.raises(BadConfiguration):
        it.parse_start({"language": "tlh"})
    assert it.published_limits["max_session_ms"] == 60_000
    await it.stop()


async def test_stopping_twice_is_stopping_once(service: Service) -> None:
    await service.stop()
    await service.stop()
    assert service.lifecycle.life is Life.STOPPED
