"""What a process shares: loading, places, draining, stopping, and how the engine is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.endpointing import PRESETS, Endpointing, Preset
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.errors import BadConfiguration, Overloaded, Restarting, UnsupportedAudio
from streaming.lifecycle import Life
from streaming.principal import ANONYMOUS
from streaming.service import Service
from streaming.settings import Settings
from tests.support.work import Client, Gate, answer, request

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


class Used(FakeEngine):
    """A fake engine that occupies memory."""

    def __init__(self, mib: int | None) -> None:
        super().__init__()
        self._mib = mib

    def memory_used_bytes(self) -> int | None:
        return None if self._mib is None else self._mib * 2**20


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
    assert await it.engine_response_ms(1) is None
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


async def test_an_engine_that_turns_answers_and_one_that_hangs_does_not() -> None:
    gate, warm = Gate(), False

    def script(asked: DecodeRequest) -> Hypothesis:
        return gate(asked) if warm else answer(asked)

    it = Service(settings(), lambda: [FakeEngine(script)])
    await it.start()
    assert await it.engine_response_ms(5) is not None
    warm = True
    it.scheduler.add(Client(request(Kind.PARTIAL, 0)))
    it.scheduler.wake()
    await gate.entered()
    assert await it.engine_response_ms(0.01) is None
    gate.open()
    assert await it.engine_response_ms(5) is not None
    await it.stop()
    assert await it.engine_response_ms(5) is None


async def test_an_engine_that_fails_at_everything_does_not_answer() -> None:
    broken = False

    def script(asked: DecodeRequest) -> Hypothesis:
        if broken:
            raise RuntimeError("device lost")
        return answer(asked)

    it = Service(settings(), lambda: [FakeEngine(script)])
    await it.start()
    healthy = []
    for number in range(4):
        broken = number < 3
        client = Client(request(Kind.FINAL, number))
        it.scheduler.add(client)
        it.scheduler.wake()
        await client.until(lambda it: bool(it.failures or it.answers))
        it.scheduler.remove(client)
        healthy.append(await it.engine_response_ms(5) is not None)
    assert healthy == [True, True, False, True]
    await it.stop()


@pytest.mark.parametrize(
    "engines, shown", [([1_000, 24], "1024 MiB"), ([None], None), ([None, 5], "5 MiB")]
)
async def test_memory_of_all_gpus_together(engines: list[int | None], shown: str | None) -> None:
    it = Service(settings(), lambda: [Used(mib) for mib in engines])
    await it.start()
    assert it.gpu_memory_used() == shown
    await it.stop()


async def test_stopping_twice_is_stopping_once(service: Service) -> None:
    await service.stop()
    await service.stop()
    assert service.lifecycle.life is Life.STOPPED
