from __future__ import annotations

import pytest

from tests.integration.harness import Running, bare, client, empty, transcribe
from tests.protocol.sounds import encoded, interleaved, silence, speech, spoken


async def test_the_query_alone_opens_a_session(server: Running) -> None:
    query = "?encoding=pcm_s16le&sample_rate=16000&channels=1&language=en"
    async with client(server.url + query) as it:
        started = await it.next()
        assert started["type"] == "started"
        assert started["language"] == "en"
        assert started["model"] == "fake"
        assert started["device"] == "cpu"
        await it.send(spoken(1_200))
        transcript = await it.finish()
    assert transcript.text() == "w0 w1 w2"
    ended = {"type": "ended", "audio_ms": 1_200, "segments": 1, "words": 3}
    assert bare(transcript.events[-1]) == ended


async def test_a_start_message_opens_a_session(server: Running) -> None:
    async with client(server.url) as it:
        await it.say(
            "start",
            audio={
                "encoding": "pcm_f32le",
                "sample_rate": 48_000,
                "channels": 2,
                "channel_names": ["agent", "customer"],
            },
            language="de",
            task="transcribe",
            partials=False,
            words=False,
            prompt="Wirescribe",
            hotwords=["Whisper"],
            endpointing={"silence_ms": 500, "max_segment_ms": 15_000},
            of_the_future={"ignored": True},
        )
        assert (await it.next())["language"] == "de"
        both = interleaved(speech(1_200, 48_000), silence(1_200, 48_000))
        await it.send(encoded(both, "pcm_f32le"))
        transcript = await it.finish()
    assert transcript.text(0) == "w0 w1 w2"
    assert not transcript.of("partial")
    assert all("words" not in final for final in transcript.finals)
    assert {final["channel"] for final in transcript.finals} == {0}


async def test_audio_first_opens_a_session_with_the_defaults(server: Running) -> None:
    async with client(server.url) as it:
        await it.send(spoken(800))
        started = await it.next()
        assert started["type"] == "started"
        assert started["language"] == "auto"
        transcript = await it.finish()
    assert transcript.text() == "w0 w1"
    assert [bare(event) for event in transcript.of("language")] == [
        {"type": "language", "channel": 0, "language": "en", "confidence": 0.9}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "audio.encoding=mulaw&audio.sample_rate=8000",
        "encoding=mulaw&sample_rate=8000",
        "encoding=mulaw&sample_rate=8000&endpointing.silence_ms=300&endpointing.max_segment_ms=9000"
        "&partials=false&words=1&task=translate&prompt=a%20b&hotwords=one,two&language=en-GB",
    ],
)
async def test_every_option_is_a_query_parameter(server: Running, query: str) -> None:
    transcript = await transcribe(f"{server.url}?{query}", encoded(speech(1_200, 8_000), "mulaw"))
    assert transcript.text() == "w0 w1 w2"


async def test_options_reach_the_engine(server: Running) -> None:
    engine = server.service.engines[0]._inner  # type: ignore[attr-defined]
    query = "?language=fr&task=translate&prompt=Olá&hotwords=uno,dos&words=true"
    await transcribe(server.url + query, spoken(800))
    requests = [r for batch in engine.batches for r in batch if r.prompt == "Olá"]
    assert requests
    assert {(r.language.fixed, r.task.value, r.hotwords) for r in requests} == {
        ("fr", "translate", ("uno", "dos"))
    }


async def test_unknown_query_parameters_and_credentials_change_nothing(server: Running) -> None:
    async with client(server.url + "?token=secret&utm_source=x&resume=1") as it:
        await it.say("start", token="also-secret", language="en")
        assert (await it.next())["type"] == "started"
        await it.finish()


async def test_only_our_subprotocol_is_echoed(server: Running) -> None:
    async with client(server.url, subprotocols=["wirescribe.v1", "token.abc"]) as it:
        assert it.connection.subprotocol == "wirescribe.v1"
    async with client(server.url, subprotocols=["token.abc"]) as it:
        assert it.connection.subprotocol is None
        await it.say("start")
        assert (await it.next())["type"] == "started"


async def test_ids_are_unguessable_and_unlike(server: Running) -> None:
    async def opened() -> tuple[str, str]:
        async with client(server.url + "?language=en") as it:
            started = await it.next()
            return started["session_id"], started["resume_token"]

    seen = [await opened() for _ in range(5)]
    assert len({session for session, _ in seen}) == 5
    assert len({token for _, token in seen}) == 5
    assert all(len(session) >= 16 and len(token) >= 32 for session, token in seen)


async def test_limits_are_told_as_they_are(server: Running) -> None:
    limits = server.service.settings.limits
    async with client(server.url + "?language=en") as it:
        assert (await it.next())["limits"] == {
            "max_session_ms": limits.max_session_ms,
            "max_idle_ms": limits.max_idle_ms,
            "max_message_bytes": limits.max_message_bytes,
            "max_backlog_ms": limits.max_backlog_ms,
            "max_bytes_per_s": limits.max_bytes_per_s,
        }


async def test_every_kind_of_event_comes_in_one_session(server: Running) -> None:
    async with client(server.url) as it:
        await it.say("start", endpointing={"silence_ms": 300})
        await it.until("started")
        await it.send(spoken(2_000))
        partial = await it.until("partial")
        assert partial["committed"] + partial["tentative"] == partial["text"]
        await it.until("ack")
        await it.send(spoken(1_000, then_silent_ms=800))
        assert (await it.until("final"))["reason"] == "silence"
        await it.send(spoken(1_000))
        await it.say("finalize", id="7")
        assert (await it.until("final"))["reason"] == "finalize"
        finalized = bare(await it.until("finalized"))
        assert finalized == {"type": "finalized", "id": "7", "through_ms": 4_800}
        await it.send(spoken(1_000))
        transcript = await it.finish()
    assert transcript.finals[-1]["reason"] == "end"
    kinds = {event["type"] for event in transcript.events}
    assert kinds == {
        "started",
        "speech_started",
        "speech_ended",
        "language",
        "partial",
        "final",
        "finalized",
        "ack",
        "ended",
    }


async def test_a_client_may_leave_without_a_word(server: Running) -> None:
    async with client(server.url):
        pass
    async with client(server.url + "?language=en") as it:
        await it.next()
    await empty(server)
