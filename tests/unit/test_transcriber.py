"""A session fed inside the process: its pace, its end, and what happens when either side fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.fake import FakeEngine, count_words
from streaming.errors import BadMessage, EngineFault
from streaming.events import Ended, Event, Final, Partial
from streaming.options import SessionConfig
from streaming.scheduler import Scheduler
from streaming.session import Session
from streaming.transcriber import Pace, Transcription, full_speed
from streaming.vad import VadConfig, VadMode
from tests.protocol.sounds import encoded, silence, speech

pytestmark = pytest.mark.timeout(60)

SEGMENT = encoded(speech(1_200)) + encoded(silence(1_000))
SEGMENT_MS = 2_200


class Source:
    """Chunks of sound, and how many have been asked for."""

    def __init__(self, chunks: Sequence[bytes], *, then: Exception | None = None) -> None:
        self._chunks = chunks
        self._then = then
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.taken += 1
            yield chunk
        if self._then is not None:
            raise self._then


class Endless:
    """Sound that comes once and then keeps one waiting."""

    def __init__(self, first: bytes) -> None:
        self._first = first
        self.left = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            yield self._first
            await asyncio.Event().wait()
        finally:
            self.left = True


def session(*, partials: bool = False, audio: AudioFormat | None = None) -> Session:
    config = SessionConfig(audio=audio or AudioFormat(), partials=partials)
    return Session(config, vad=VadConfig(mode=VadMode.WEBRTC))


@asynccontextmanager
async def scheduling(engine: FakeEngine) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler([engine])
    scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()


async def everything(transcription: Transcription) -> list[Event]:
    return [event async for event in transcription.events()]


def texts(events: Sequence[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Final)]


async def test_all_sound_is_decoded_and_the_last_event_says_so() -> None:
    async with scheduling(FakeEngine()) as scheduler:
        source = Source([SEGMENT] * 3)
        events = await everything(
            Transcription(session(), scheduler, source, full_speed(scheduler))
        )

    assert len(texts(events)) == 3
    words = sum(len(text.split()) for text in texts(events))
    assert events[-1] == Ended(audio_ms=3 * SEGMENT_MS, segments=3, words=words)


@pytest.mark.parametrize("size", [1, 999, 1 << 20])
async def test_the_size_of_chunks_changes_nothing(size: int) -> None:
    sound = encoded(speech(900)) + encoded(silence(800)) + encoded(speech(300))
    chunks = [sound[at : at + size] for at in range(0, len(sound), size)]
    async with scheduling(FakeEngine()) as scheduler:
        pace = full_speed(scheduler)
        whole = await everything(Transcription(session(), scheduler, Source([sound]), pace))
        cut = await everything(Transcription(session(), scheduler, Source(chunks), pace))

    assert texts(cut) == texts(whole)


async def test_sound_is_held_back_while_enough_of_it_waits() -> None:
    decoding = asyncio.Event()
    loop = asyncio.get_running_loop()
    blocked = asyncio.Event()

    def wait(request: DecodeRequest) -> Hypothesis:
        loop.call_soon_threadsafe(decoding.set)
        asyncio.run_coroutine_threadsafe(blocked.wait(), loop).result()
        return count_words(request)

    async with scheduling(FakeEngine(wait, max_batch=1)) as scheduler:
        source = Source([SEGMENT] * 50)
        transcription = Transcription(session(), scheduler, source, Pace(backlog_ms=3 * SEGMENT_MS))
        reading = asyncio.create_task(everything(transcription))
        await decoding.wait()
        for _ in range(2_000):  # every chance to read on
            await asyncio.sleep(0)
        assert source.taken < 10
        assert transcription.session.backlog_ms < 5 * SEGMENT_MS

        blocked.set()
        assert len(texts(await reading)) == 50
        assert source.taken == 50


async def test_waiting_segments_are_decoded_together() -> None:
    engine = FakeEngine(delay_s=0.02, max_batch=4)
    async with scheduling(engine) as scheduler:
        await everything(
            Transcription(session(), scheduler, Source([SEGMENT] * 16), full_speed(scheduler))
        )

    assert max(len(batch) for batch in engine.batches) == 4
    assert len(engine.batches) < 12


async def test_step_by_step_every_partial_is_decoded_in_its_time() -> None:
    engine = FakeEngine(delay_s=0.001)
    sound = Source([encoded(speech(4_000)), encoded(silence(1_000))])
    async with scheduling(engine) as scheduler:
        transcription = Transcription(
            session(partials=True), scheduler, sound, Pace(backlog_ms=0, step_by_step=True)
        )
        events = await everything(transcription)

    partials = [event for event in events if isinstance(event, Partial)]
    assert len(partials) >= 4
    ends = [partial.end_ms for partial in partials]
    assert ends == sorted(set(ends))
    assert max(np.diff([0, *ends])) <= 1_200  # none was skipped


@pytest.mark.parametrize("live", [True, False])
async def test_finals_are_decoded_ahead_only_of_live_sound(live: bool) -> None:
    engine = FakeEngine()
    pause = encoded(silence(400))
    sound = [encoded(speech(1_500)), pause, encoded(speech(1_000))]
    async with scheduling(engine) as scheduler:
        pace = Pace(backlog_ms=10_000, live=live)
        await everything(Transcription(session(), scheduler, Source(sound), pace))

    kinds = {request.kind for batch in engine.batches for request in batch}
    assert (Kind.EARLY in kinds) == live


async def test_stopping_decodes_what_was_taken_and_nothing_more() -> None:
    source = Endless(encoded(speech(1_500)))
    async with scheduling(FakeEngine()) as scheduler:
        transcription = Transcription(session(), scheduler, source, full_speed(scheduler))
        reading = asyncio.create_task(everything(transcription))
        while transcription.session.received_ms < 1_500:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0)
        transcription.stop()
        transcription.stop()
        events = await reading

    assert len(texts(events)) == 1
    assert isinstance(events[-1], Ended)
    assert source.left


async def test_sound_that_fails_is_decoded_as_far_as_it_goes() -> None:
    source = Source([SEGMENT, encoded(speech(900))], then=OSError("the disk is gone"))
    events: list[Event] = []
    async with scheduling(FakeEngine()) as scheduler:
        transcription = Transcription(session(), scheduler, source, full_speed(scheduler))
        with pytest.raises(OSError, match="the disk is gone"):
            async for event in transcription.events():
                events.append(event)

    assert len(texts(events)) == 2


async def test_sound_that_is_refused_ends_it_with_the_reason() -> None:
    audio = AudioFormat(Encoding.PCM_F32LE)
    bad = np.full(1_600, np.nan, np.float32).tobytes()
    async with scheduling(FakeEngine()) as scheduler:
        transcription = Transcription(
            session(audio=audio), scheduler, Source([bad]), full_speed(scheduler)
        )
        with pytest.raises(BadMessage):
            await everything(transcription)


async def test_an_engine_that_fails_ends_it_with_an_error() -> None:
    def fail(request: DecodeRequest) -> Hypothesis:
        raise RuntimeError("broken")

    source = Endless(SEGMENT)
    async with scheduling(FakeEngine(fail)) as scheduler:
        transcription = Transcription(session(), scheduler, source, full_speed(scheduler))
        with pytest.raises(EngineFault):
            await everything(transcription)

    assert source.left


async def test_leaving_early_leaves_nothing_behind() -> None:
    engine = FakeEngine()
    source = Endless(SEGMENT * 2)
    async with scheduling(engine) as scheduler:
        transcription = Transcription(session(), scheduler, source, full_speed(scheduler))
        events = transcription.events()
        async for event in events:
            if isinstance(event, Final):
                break
        await events.aclose()  # type: ignore[attr-defined]
        decoded = len(engine.batches)
        scheduler.wake()
        await asyncio.sleep(0)

    assert source.left
    assert len(engine.batches) <= decoded + 1


async def test_two_share_a_scheduler() -> None:
    async with scheduling(FakeEngine(concurrency=2)) as scheduler:
        pace = full_speed(scheduler)
        both = await asyncio.gather(
            *(
                everything(Transcription(session(), scheduler, Source([SEGMENT] * count), pace))
                for count in (5, 2)
            )
        )

    assert [len(texts(events)) for events in both] == [5, 2]


async def test_the_pace_grows_with_what_is_decoded_at_once() -> None:
    small = Scheduler([FakeEngine(concurrency=1, max_batch=1)])
    large = Scheduler([FakeEngine(concurrency=2, max_batch=4)] * 2)
    try:
        assert full_speed(small) == Pace(20_000)
        assert full_speed(large, live=True) == Pace(320_000, live=True)
    finally:
        await small.stop()
        await large.stop()


async def test_what_is_told_is_never_ahead_of_the_events_that_were_taken() -> None:
    """Whoever sorts several channels' finals goes by it."""
    told, ahead = [0], False
    async with scheduling(FakeEngine()) as scheduler:
        it = Transcription(session(), scheduler, Source([SEGMENT] * 3), full_speed(scheduler))
        async for event in it.events():
            if isinstance(event, Final):
                assert told[-1] <= event.start_ms
            await asyncio.sleep(0.1)  # a slow reader, while the rest is decoded
            told.append(it.told_ms())
            ahead |= it.session.decoded_ms > told[-1]
    assert ahead
    assert told[-1] == it.session.decoded_ms
