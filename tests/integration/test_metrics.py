"""What ``/metrics`` says of sessions is what their clients counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from load.erasure import count_erasure
from load.shown import Shown
from load.text import folded
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.fake import FakeEngine, count_words
from tests.integration.harness import Client, Running, client, empty, serving, transcribe
from tests.protocol.schema import Transcript
from tests.protocol.sounds import spoken


@pytest.fixture
async def web() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as it:
        yield it


class Scrape:
    """One answer of ``/metrics``."""

    def __init__(self, text: str) -> None:
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        return self.samples.get(("wirescribe_" + name, frozenset(labels.items())), 0.0)


async def scrape(web: httpx2.AsyncClient, server: Running) -> Scrape:
    answer = await web.get(server.http + "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(answer.text)


def fickle(request: DecodeRequest) -> Hypothesis:
    """Every partial ends in a word that the next one takes back; finals have none of it."""
    heard = count_words(request)
    if request.kind is not Kind.PARTIAL or not heard.words:
        return heard
    *before, last = heard.words
    last = type(last)(f" maybe{request.end_sample}", last.start_ms, last.end_ms, 0.9)
    text = "".join(word.text for word in (*before, last)).strip()
    return Hypothesis(text, (*before, last), heard.language, 1.0, -0.1, 0.05, len(heard.words))


def counted(transcripts: list[Transcript]) -> dict[str, int]:
    """What the clients saw."""
    taken_back = final_words = 0
    for transcript in transcripts:
        shown = [
            Shown(
                at_s=0.0,
                segment=event["segment"],
                words=folded(event["text"]),
                committed=0,
                final=event["type"] == "final",
            )
            for event in transcript.events
            if event["type"] in ("partial", "final")
        ]
        erasure = count_erasure(shown)
        taken_back += erasure.erased_words
        final_words += erasure.final_words
    return {
        "partials": sum(len(t.of("partial")) for t in transcripts),
        "finals": sum(len(t.finals) for t in transcripts),
        "segments_with_partials": sum(
            len({event["segment"] for event in t.of("partial")}) for t in transcripts
        ),
        "final_words": final_words,
        "taken_back": taken_back,
    }


async def in_steps(it: Client, audio: bytes, ms: int = 200) -> None:
    """Send audio little by little, so that partials come in between."""
    for at in range(0, len(audio), ms * 32):
        await it.send(audio[at : at + ms * 32])
        await asyncio.sleep(0.01)


async def test_counters_agree_with_the_clients(web: httpx2.AsyncClient) -> None:
    audio = spoken(3_000) + bytes(32_000) + spoken(1_600) + bytes(32_000)
    seconds = len(audio) / 32_000

    async def converse(server: Running) -> Transcript:
        async with client(server.url + "?language=en") as it:
            await in_steps(it, audio)
            return await it.finish()

    engine = FakeEngine(fickle, delay_s=0.005)
    # Who leaves without `end` is lost at once: nothing is kept for its coming back.
    with serving(engine, limits={"resume_ms": 0}) as server:
        engine.batches.clear()  # those of warming up are nobody's
        transcripts = await asyncio.gather(*(converse(server) for _ in range(3)))
        async with client(server.url + "?sample_rate=7") as it:
            await it.refused("unsupported_audio")
        async with client(server.url + "?language=en") as it:
            await it.send(bytes(32_000))
            await it.until("started")
        await empty(server)
        seen = await scrape(web, server)

    saw = counted(list(transcripts))
    assert saw["taken_back"] > 0
    assert saw["finals"] == 6
    assert seen("sessions_total", transport="native", outcome="done") == 3
    assert seen("sessions_total", transport="native", outcome="refused") == 1
    assert seen("sessions_total", transport="native", outcome="lost") == 1
    assert seen("sessions_active", transport="native") == 0
    assert seen("closes_total", code="1000") == 4  # the last one is the client's own
    assert seen("closes_total", code="4415") == 1
    assert seen("audio_received_seconds_total") == pytest.approx(3 * seconds + 1)
    assert seen("partial_latency_seconds_count") == saw["partials"]
    assert seen("first_partial_latency_seconds_count") == saw["segments_with_partials"]
    assert seen("finalise_latency_seconds_count") == saw["finals"]
    assert seen("final_delay_seconds_count") == saw["finals"]
    assert seen("final_words_total") == saw["final_words"]
    assert seen("words_retracted_total") == saw["taken_back"]
    assert seen("finalise_latency_seconds_sum") <= seen("final_delay_seconds_sum")
    assert seen("backlog_seconds") == 0
    for kind in Kind:
        asked = [request for batch in engine.batches for request in batch if request.kind is kind]
        heard_s = sum(request.duration_ms for request in asked) / 1000
        assert seen("batch_size_sum", kind=kind.value) == len(asked)
        assert seen("audio_decoded_seconds_total", kind=kind.value) == pytest.approx(heard_s)
    assert seen("stage_seconds_total", stage="vad") > 0
    assert seen("stage_seconds_total", stage="audio") > 0
    assert seen("engine_last_success_timestamp_seconds") > 1_700_000_000


async def test_a_suppressed_segment_and_a_second_decoding_name_their_reasons(
    web: httpx2.AsyncClient,
) -> None:
    def noise(request: DecodeRequest) -> Hypothesis:
        if request.kind is Kind.PARTIAL:
            return Hypothesis("", (), "en", 1.0)
        heard = count_words(request)
        looped = not request.again
        return Hypothesis("", (), "en", 1.0, -3.0, 0.99, len(heard.words), looped)

    with serving(FakeEngine(noise)) as server:
        transcript = await transcribe(server.url + "?language=en", spoken(1_600))
        await empty(server)
        seen = await scrape(web, server)
    reasons = [event["reason"] for event in transcript.of("warning")]
    assert len(reasons) == 1
    assert seen("segments_suppressed_total", reason=reasons[0]) == 1
    second = [labels for name, labels in seen.samples if name == "wirescribe_fallbacks_total"]
    assert len(second) == 1
    assert seen("fallbacks_total", **dict(second[0])) == 1
    assert dict(second[0])["reason"] not in ("", "unknown")


async def test_it_answers_while_every_worker_is_busy_and_the_engine_is_not_asked(
    web: httpx2.AsyncClient,
) -> None:
    may_answer = threading.Event()

    def slow(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():  # not the silence of warming up
            assert may_answer.wait(30)
        return count_words(request)

    with serving(FakeEngine(slow)) as server:
        try:
            async with client(server.url + "?language=en") as it:
                await it.send(spoken(2_000))
                await it.until("speech_started")
                await it.say("finalize", id="1")
                while True:  # until the worker has taken something
                    seen = await scrape(web, server)
                    if seen("backlog_seconds") > 0 and seen("workers_used_ratio") > 0:
                        break
                assert seen("sessions_active", transport="native") == 1
                assert seen("batch_size_count", kind="final") == 0
                may_answer.set()
                await it.until("finalized", id="1")
                assert (await scrape(web, server))("backlog_seconds") == 0
        finally:
            may_answer.set()


async def test_it_can_be_scraped_while_the_model_loads(web: httpx2.AsyncClient) -> None:
    may_load = threading.Event()

    def load() -> list[FakeEngine]:
        assert may_load.wait(30)
        return [FakeEngine()]

    with serving(load=load, wait=False) as server:  # type: ignore[arg-type]
        try:
            async with client(server.url, origin=server.http) as it:
                await it.refused("overloaded")
            seen = await scrape(web, server)
            assert seen("admission_refusals_total", reason="overloaded") == 1
            assert seen("sessions_total", transport="native", outcome="refused") == 1
            assert seen("closes_total", code="1013") == 1
        finally:
            may_load.set()
