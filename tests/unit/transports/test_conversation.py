"""A conversation without any socket: from where it goes on, what it takes twice, and its end."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import AsyncIterator, Mapping
from typing import cast

import numpy as np
import pytest

from streaming.admission import Place
from streaming.audio.formats import AudioFormat, Encoding
from streaming.decoding import Kind
from streaming.engine.fake import FakeEngine
from streaming.errors import EngineFault, QuotaExceeded, UnknownSession
from streaming.events import Final, Finalized, Warned, WarningCode
from streaming.limits import ConnectionGuard, ConnectionLimits
from streaming.metrics import Metrics
from streaming.options import SessionConfig
from streaming.principal import ANONYMOUS
from streaming.scheduler import Scheduler
from streaming.session import Session
from streaming.transports.codec import Audio, Configure, End, Finalize, Notice, Started
from streaming.transports.conversation import Conversation
from streaming.transports.outbox import Outbox
from streaming.transports.tally import Tally
from streaming.vad import VadConfig, VadMode
from tests.protocol.sounds import spoken

LIMITS = ConnectionLimits(
    max_message_bytes=2_000_000,
    max_session_ms=600_000,
    max_idle_ms=5_000,
    max_backlog_ms=60_000,
    max_rate=100.0,
    burst_ms=600_000,
    max_bytes_per_s=100_000_000,
    burst_bytes=100_000_000,
)
STARTED = Started("s", "t", "m", "d", "en", {})
LANGUAGES = ("en", "de")


class Seat:
    """A place, and whether it was given back."""

    def __init__(self) -> None:
        self.left = 0
        self.audio_ms = 0.0

    @property
    def limits(self) -> Mapping[str, int]:
        return {}

    def audio(self, duration_ms: float) -> None:
        self.audio_ms += duration_ms

    def leave(self) -> None:
        self.left += 1


class Ear:
    """A connection that takes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def over(self) -> None:
        self.told.append("over")

    def overfull(self) -> None:
        self.told.append("overfull")

    def displaced(self) -> None:
        self.told.append("displaced")


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    """One that is never started: work is asked for by the tests themselves."""
    it = Scheduler([FakeEngine()])
    yield it
    await it.stop()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def conversation(
    scheduler: Scheduler, form: AudioFormat | None = None, metrics: Metrics | None = None
) -> Conversation:
    config = SessionConfig(audio=form or AudioFormat(), language="en")
    return Conversation(
        "name",
        Session(config, vad=VadConfig(mode=VadMode.WEBRTC)),
        principal=ANONYMOUS,
        place=cast(Place, Seat()),
        scheduler=scheduler,
        guard=ConnectionGuard(LIMITS, 0.0),
        outbox=Outbox(64, 256),
        tally=Tally(metrics or Metrics(), "native"),
    )


def seat(it: Conversation) -> Seat:
    return cast(Seat, it.place)


async def said(it: Conversation) -> list[Notice]:
    """What waits to be sent."""
    out = []
    while not it.outbox.delivery.empty:
        item = await it.outbox.delivery.get()
        assert item is not None
        out.append(item.notice)
    return out


FORMS = [
    AudioFormat(encoding, rate, channels)
    for encoding, rate, channels in (
        (Encoding.PCM_S16LE, 16_000, 1),
        (Encoding.PCM_S16LE, 44_100, 2),
        (Encoding.PCM_F32LE, 11_025, 3),
        (Encoding.MULAW, 8_000, 1),
        (Encoding.ALAW, 8_001, 2),
        (Encoding.PCM_S16LE, 22_050, 1),
    )
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.encoding}-{form.sample_rate}")
async def test_wherever_it_is_cut_every_byte_is_heard_once(
    scheduler: Scheduler, form: AudioFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(form.sample_rate)
    audio = rng.randbytes(form.bytes_per_frame * form.sample_rate * 3)
    if form.encoding is Encoding.PCM_F32LE:
        values = np.random.default_rng(1).uniform(-1, 1, len(audio) // 4)
        audio = values.astype("<f4").tobytes()
    heard = bytearray()
    take = Session.receive_audio

    def listen(session: Session, data: bytes) -> object:
        heard.extend(data)
        return take(session, data)

    monkeypatch.setattr(Session, "receive_audio", listen)
    it, ear, at = conversation(scheduler, form), Ear(), 0
    it.attach(ear)
    while at < len(audio):
        end = at + rng.randrange(1, 40_000)
        while at < min(end, len(audio)):
            size = rng.randrange(1, 9_000)
            await it.obey(Audio(audio[at : at + size]), ear, LANGUAGES)
            at = min(at + size, len(audio))
        it.detach(ear)
        assert bytes(heard) == audio[:at]
        ear = Ear()
        it.resume(ear, STARTED, 0)
        samples, rest = divmod(it.resumed_from_ms * form.sample_rate, 1000)
        assert rest == 0
        assert at - samples * form.bytes_per_frame >= 0
        assert at / form.bytes_per_second * 1000 - it.resumed_from_ms <= form.step_ms + 1
        if at < len(audio):
            at = samples * form.bytes_per_frame
    assert bytes(heard) == audio
    assert seat(it).audio_ms == pytest.approx(3_000, abs=1)


async def test_requests_that_come_again_are_answered_once(scheduler: Scheduler) -> None:
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    await it.obey(Audio(bytes(32_000)), ear, LANGUAGES)
    await it.obey(Finalize("early"), ear, LANGUAGES)
    await it.obey(Audio(bytes(32_001)), ear, LANGUAGES)
    await it.obey(Finalize("a"), ear, LANGUAGES)
    await it.obey(Configure({"language": "de"}), ear, LANGUAGES)
    again = Ear()
    it.resume(again, STARTED, 0)
    for command in (Finalize("a"), Configure({"language": "de"}), Finalize("b"), Finalize("a")):
        await it.obey(command, again, LANGUAGES)
    answers = [each for each in await said(it) if isinstance(each, Finalized)]
    assert [each.id for each in answers] == ["early", "a", "b", "a"]
    assert it.session.config.language == "de"


async def test_asking_again_for_an_answer_on_its_way_cuts_nothing_that_came_since(
    scheduler: Scheduler,
) -> None:
    """Its place lies before the audio that is sent again: here it would cut a word in two."""
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    await it.obey(Audio(bytes(32_000)), ear, LANGUAGES)
    await it.obey(Finalize("a"), ear, LANGUAGES)
    await it.obey(Audio(spoken(800)), ear, LANGUAGES)
    again = Ear()
    it.resume(again, STARTED, 0)
    await it.obey(Finalize("a"), again, LANGUAGES)
    assert it.session.speaking
    heard = await said(it)
    assert [each.id for each in heard if isinstance(each, Finalized)] == ["a"]
    # Who has had the answer means another one by the same name.
    third = Ear()
    it.resume(third, STARTED, len([each for each in heard if not isinstance(each, Started)]))
    await it.obey(Finalize("a"), third, LANGUAGES)
    assert not it.session.speaking


async def test_the_socket_it_was_taken_from_has_no_say_any_more(scheduler: Scheduler) -> None:
    it, old, new = conversation(scheduler), Ear(), Ear()
    it.attach(old)
    it.resume(new, STARTED, None)
    assert old.told == ["displaced"]
    await it.obey(Audio(bytes(32_000)), old, LANGUAGES)
    await it.obey(End(), old, LANGUAGES)
    it.detach(old)
    assert it.attached
    assert it.open
    assert it.session.received_ms == 0


async def test_what_is_not_kept_can_not_be_gone_on_with(scheduler: Scheduler) -> None:
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    for number in range(300):
        it.tell(Finalized(str(number), 0))
    await said(it)
    with pytest.raises(UnknownSession) as refused:
        it.resume(Ear(), STARTED, 3)
    assert refused.value.field == "resume.received"
    assert ear.told.count("displaced") == 0
    assert it.attached


async def test_nobody_is_there_so_finals_are_decoded_and_partials_are_not(
    scheduler: Scheduler,
) -> None:
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    await it.obey(Audio(spoken(1_500)), ear, LANGUAGES)
    assert [request.kind for request in it.work()] == [Kind.PARTIAL]
    it.detach(ear)
    assert list(it.work()) == []
    it.resume(ear, STARTED, 0)
    await it.obey(Finalize(None), ear, LANGUAGES)
    it.detach(ear)
    (request,) = it.work()
    assert request.kind is Kind.FINAL
    it.begin(request)
    it.work_done(request, FakeEngine().decode([request])[0])
    assert any(isinstance(each, Final) for each in await said(it))


async def test_a_client_that_reads_nothing_is_told_on_and_loses_nothing(
    scheduler: Scheduler,
) -> None:
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    for number in range(66):
        it.tell(Finalized(str(number), 0))
    assert ear.told == ["overfull", "overfull"]
    it.detach(ear)
    it.tell(Finalized("66", 0))
    assert len(await said(it)) == 67


async def test_a_fault_while_nobody_is_there_is_kept_and_frees_the_place(
    scheduler: Scheduler,
) -> None:
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    it.detach(ear)
    it.work_failed(EngineFault("no"))
    it.work_failed(EngineFault("again"))
    assert it.failure is not None
    assert it.failure.message == "no"
    assert seat(it).left >= 1
    assert not scheduler._sources


async def test_one_that_nobody_comes_back_for_is_lost_once(
    scheduler: Scheduler, metrics: Metrics
) -> None:
    it, ear = conversation(scheduler, metrics=metrics), Ear()
    it.attach(ear)
    it.detach(ear)
    it.give_up("expired")
    assert metrics.value("sessions_total", transport="native", outcome="lost") == 1
    assert metrics.value("sessions_given_up_total", reason="expired") == 1
    assert seat(it).left == 1


async def test_what_it_holds_is_counted(scheduler: Scheduler) -> None:
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    empty = it.held_bytes
    await it.obey(Audio(spoken(3_000)), ear, LANGUAGES)
    assert it.held_bytes > empty + 3_000 * 64


async def test_a_quota_of_the_place_stops_audio_before_it_is_taken(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enough(_: Seat, duration_ms: float) -> None:
        raise QuotaExceeded("enough", field="audio")

    monkeypatch.setattr(Seat, "audio", enough)
    it, ear = conversation(scheduler), Ear()
    it.attach(ear)
    with pytest.raises(QuotaExceeded):
        await it.obey(Audio(bytes(3_200)), ear, LANGUAGES)
    assert it.resumed_from_ms == 0


async def test_near_the_longest_session_it_says_so(scheduler: Scheduler) -> None:
    it, ear = conversation(scheduler), Ear()
    it.guard = ConnectionGuard(dataclasses.replace(LIMITS, max_session_ms=2_000), 0.0)
    it.attach(ear)
    await it.obey(Audio(bytes(60_000)), ear, LANGUAGES)
    (warned,) = await said(it)
    assert isinstance(warned, Warned)
    assert warned.code is WarningCode.LIMIT_NEAR
