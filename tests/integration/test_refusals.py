"""What a client does wrong: an ``error`` naming field and value, its close code, and on we go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.harness import Running, client, serves_on
from tests.protocol.sounds import encoded, speech, spoken


@pytest.fixture(autouse=True)
async def _serves_on(server: Running) -> AsyncIterator[None]:
    yield
    await serves_on(server)


NOT_MESSAGES = [
    ("{", "message", "'{'"),
    ("", "message", "''"),
    ("hello", "message", "'hello'"),
    ("[]", "message", "[]"),
    ("null", "message", "None"),
    ('"start"', "message", "'start'"),
    ("42", "message", "42"),
    ("{}", "type", "None"),
    ('{"type":"begin"}', "type", "'begin'"),
    ('{"type":["start"]}', "type", "['start']"),
    ('{"type":{"a":1}}', "type", "{'a': 1}"),
    ('{"type":"started"}', "type", "'started'"),
    ('{"type":"finalize","id":[1]}', "id", "[1]"),
    ('{"type":"finalize","id":true}', "id", "True"),
    ('{"type":"finalize","id":"' + "x" * 129 + '"}', "id", "129"),
    ('{"type":"finalize","id":"\\ud800"}', "id", "'\\ud800'"),
    ("[" * 100_000, "message", "[[["),
    ('{"a":' * 50_000, "message", '{"a":'),
    ("9" * 10_000, "message", "999"),
    ("RIFF\x00\x00 not text at all \x7f", "message", "RIFF"),
]


@pytest.mark.parametrize(("message", "field", "value"), NOT_MESSAGES)
async def test_text_that_is_no_message(
    server: Running, message: str, field: str, value: str
) -> None:
    async with client(server.url) as it:
        await it.send(message)
        error = await it.refused("bad_message")
    assert error["field"] == field
    assert value in error["message"]
    assert error["retryable"] is False
    assert len(error["message"]) < 300


async def test_text_where_audio_belongs(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.until("started")
        await it.send(spoken(500))
        await it.send("UklGRiQAAABXQVZFZm10IBAAAAABAAEA")
        error = await it.refused("bad_message")
    assert error["message"].startswith("message: 'UklGR")


UNSUPPORTED = [
    ({"encoding": "opus"}, "audio.encoding", "'opus'"),
    ({"encoding": "mp3"}, "audio.encoding", "'mp3'"),
    ({"encoding": 16}, "audio.encoding", "16"),
    ({"encoding": None}, "audio.encoding", "None"),
    ({"encoding": ["pcm_s16le"]}, "audio.encoding", "['pcm_s16le']"),
    ({"sample_rate": 0}, "audio.sample_rate", "0"),
    ({"sample_rate": -8000}, "audio.sample_rate", "-8000"),
    ({"sample_rate": 7999}, "audio.sample_rate", "7999"),
    ({"sample_rate": 48001}, "audio.sample_rate", "48001"),
    ({"sample_rate": "16000"}, "audio.sample_rate", "'16000'"),
    ({"sample_rate": 16000.5}, "audio.sample_rate", "16000.5"),
    ({"sample_rate": float("nan")}, "audio.sample_rate", "nan"),
    ({"sample_rate": 10**400}, "audio.sample_rate", "1000"),
    ({"sample_rate": True}, "audio.sample_rate", "True"),
    ({"channels": 0}, "audio.channels", "0"),
    ({"channels": 9}, "audio.channels", "9"),
    ({"channels": "two"}, "audio.channels", "'two'"),
    ({"channels": 2, "channel_names": ["a"]}, "audio.channel_names", "1 names for 2"),
    ({"channel_names": "agent"}, "audio.channel_names", "'agent'"),
    ({"channel_names": [""]}, "audio.channel_names", "''"),
    ({"channel_names": [7]}, "audio.channel_names", "7"),
]


@pytest.mark.parametrize(("audio", "field", "value"), UNSUPPORTED)
async def test_audio_that_can_not_be_taken(
    server: Running, audio: dict[str, Any], field: str, value: str
) -> None:
    async with client(server.url) as it:
        await it.say("start", audio=audio)
        error = await it.refused("unsupported_audio")
    assert error["field"] == field
    assert error["message"].startswith(field)
    assert value in error["message"]


BAD_OPTIONS = [
    ({"audio": "pcm"}, "audio", "'pcm'"),
    ({"audio": [16000]}, "audio", "[16000]"),
    ({"language": "klingon"}, "language", "'klingon'"),
    ({"language": 7}, "language", "7"),
    ({"language": ""}, "language", "''"),
    ({"task": "summarise"}, "task", "'summarise'"),
    ({"partials": "sometimes"}, "partials", "'sometimes'"),
    ({"words": 3}, "words", "3"),
    ({"prompt": {}}, "prompt", "{}"),
    ({"prompt": "x" * 2_001}, "prompt", "2001"),
    ({"prompt": "\ud800"}, "prompt", "'\\ud800'"),
    ({"hotwords": 1}, "hotwords", "1"),
    ({"hotwords": [1]}, "hotwords[0]", "1"),
    ({"hotwords": ["x"] * 101}, "hotwords", "101"),
    ({"endpointing": 700}, "endpointing", "700"),
    ({"endpointing": {"silence_ms": 0}}, "endpointing.silence_ms", "0"),
    ({"endpointing": {"silence_ms": 99_999}}, "endpointing.silence_ms", "99999"),
    ({"endpointing": {"silence_ms": "soon"}}, "endpointing.silence_ms", "'soon'"),
    ({"endpointing": {"max_segment_ms": 1}}, "endpointing.max_segment_ms", "1"),
    ({"endpointing": {"max_segment_ms": 1e9}}, "endpointing.max_segment_ms", "1000000000.0"),
]


@pytest.mark.parametrize(("options", "field", "value"), BAD_OPTIONS)
async def test_options_that_can_not_be(
    server: Running, options: dict[str, Any], field: str, value: str
) -> None:
    async with client(server.url) as it:
        await it.say("start", **options)
        error = await it.refused("bad_configuration")
    assert error["field"] == field
    assert error["message"].startswith(field)
    assert value in error["message"]


QUERIES = [
    ("encoding=opus", "unsupported_audio", "audio.encoding"),
    ("sample_rate=0", "unsupported_audio", "audio.sample_rate"),
    ("sample_rate=fast", "unsupported_audio", "audio.sample_rate"),
    ("sample_rate=%C2%B2", "unsupported_audio", "audio.sample_rate"),
    ("sample_rate=--8000", "unsupported_audio", "audio.sample_rate"),
    ("sample_rate=" + "9" * 5_000, "unsupported_audio", "audio.sample_rate"),
    ("channels=2&channel_names=a,b,c", "unsupported_audio", "audio.channel_names"),
    ("language=xx", "bad_configuration", "language"),
    ("task=sing", "bad_configuration", "task"),
    ("partials=perhaps", "bad_configuration", "partials"),
    ("endpointing.silence_ms=%C2%B2", "bad_configuration", "endpointing.silence_ms"),
    ("endpointing.max_segment_ms=", "bad_configuration", "endpointing.max_segment_ms"),
]


@pytest.mark.parametrize(("query", "code", "field"), QUERIES)
async def test_queries_are_refused_like_messages(
    server: Running, query: str, code: str, field: str
) -> None:
    async with client(f"{server.url}?{query}") as it:
        error = await it.refused(code)
    assert error["field"] == field


async def test_an_unknown_language_hints_at_the_nearest(server: Running) -> None:
    async with client(server.url + "?language=ger") as it:
        error = await it.refused("bad_configuration")
    assert "'ger'" in error["message"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
async def test_floats_that_are_not_finite(server: Running, bad: float) -> None:
    sound = speech(400).copy()
    sound[1_234] = bad
    async with client(server.url + "?encoding=pcm_f32le&language=en") as it:
        await it.send(encoded(sound[:1_000], "pcm_f32le"))
        await it.send(encoded(sound[1_000:], "pcm_f32le"))
        error = await it.refused("bad_message")
    assert error["field"] == "audio"
    assert error["message"] == f"audio: channel 0, sample 1234: {bad} is not a finite number"


async def test_floats_beyond_full_scale_are_cut_off_with_a_warning(server: Running) -> None:
    loud = encoded(speech(1_200) * 20, "pcm_f32le")
    async with client(server.url + "?encoding=pcm_f32le&language=en") as it:
        await it.send(loud)
        warning = await it.until("warning", code="clipping")
        assert warning["clipped_samples"] > 100
        await it.send(loud)
        transcript = await it.finish()
    assert len(transcript.of("warning")) == 1


async def test_a_second_start(server: Running) -> None:
    async with client(server.url) as it:
        await it.say("start", language="en")
        await it.until("started")
        await it.say("start", language="en")
        error = await it.refused("bad_message")
    assert error["field"] == "type"
    assert "'start'" in error["message"]


async def test_a_start_after_the_query_has_opened(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.say("start")
        await it.refused("bad_message")


async def test_a_start_after_audio(server: Running) -> None:
    async with client(server.url) as it:
        await it.send(spoken(200))
        await it.say("start")
        await it.refused("bad_message")


@pytest.mark.parametrize("fixed", ["audio", "task", "partials", "words"])
async def test_configure_can_not_change_what_is_fixed(server: Running, fixed: str) -> None:
    async with client(server.url + "?language=en") as it:
        await it.say("configure", **{fixed: None})
        error = await it.refused("bad_configuration")
    assert error["field"] == fixed


async def test_configure_is_checked_like_start(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.say("configure", endpointing={"silence_ms": 1})
        error = await it.refused("bad_configuration")
    assert error["field"] == "endpointing.silence_ms"


async def test_a_message_above_the_limit(server: Running) -> None:
    most = server.service.settings.limits.max_message_bytes
    async with client(server.url + "?language=en") as it:
        assert (await it.until("started"))["limits"]["max_message_bytes"] == most
        await it.send(bytes(most + 2))
        error = await it.refused("message_too_big")
    assert str(most) in error["message"]
    assert str(most + 2) in error["message"]


async def test_a_text_above_the_limit(server: Running) -> None:
    most = server.service.settings.limits.max_message_bytes
    async with client(server.url) as it:
        await it.send(json.dumps({"type": "start", "prompt": "ä" * most}, ensure_ascii=False))
        await it.refused("message_too_big")


async def test_a_message_far_above_the_limit_is_not_even_taken(server: Running) -> None:
    """The socket itself closes at four times the limit, before the message is in memory."""
    most = server.service.settings.limits.max_message_bytes
    async with client(server.url + "?language=en") as it:
        await it.until("started")
        with pytest.raises(ConnectionClosed):
            for _ in range(3):
                await it.send(bytes(most * 4 + 1))
        assert await it.rest() in (1009, 1006)


async def test_the_largest_message_is_taken(server: Running) -> None:
    most = server.service.settings.limits.max_message_bytes
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(most // 32))
        transcript = await it.finish()
    assert transcript.events[-1]["audio_ms"] == most // 32
