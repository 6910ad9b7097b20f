"""However the bytes are cut and written, the same is heard; and sockets break at any moment."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.integration.harness import Running, bare, client, empty, serves_on, transcribe
from tests.protocol.schema import Transcript
from tests.protocol.sounds import Samples, encoded, interleaved, silence, speech, spoken

TALK = spoken(1_700, then_silent_ms=900) + spoken(2_300, then_silent_ms=900) + spoken(700)


async def _whole(server: Running, audio: bytes) -> list[dict[str, Any]]:
    """What is heard when it comes in one message."""
    return _finals(await transcribe(server.url + "?language=en", audio, chunk=1_048_576))


def _finals(transcript: Transcript) -> list[dict[str, Any]]:
    return [bare(final) for final in transcript.finals]


@pytest.mark.parametrize("chunk", [333, 640, 3_201, 32_000, 65_537, 1_048_576])
async def test_chunks_of_any_size(server: Running, chunk: int) -> None:
    transcript = await transcribe(server.url + "?language=en", TALK, chunk=chunk)
    assert transcript.events[-1]["audio_ms"] == 6_500
    assert [final["reason"] for final in transcript.finals] == ["silence", "silence", "end"]
    assert _finals(transcript) == await _whole(server, TALK)


@pytest.mark.parametrize("chunk", [1, 7])
async def test_chunks_of_next_to_nothing(server: Running, chunk: int) -> None:
    url, audio = server.url + "?language=en&sample_rate=8000", encoded(speech(420, 8_000))
    transcript = await transcribe(url, audio, chunk=chunk)
    assert transcript.text() == "w0"
    assert _finals(transcript) == _finals(await transcribe(url, audio, chunk=len(audio)))


async def test_chunks_of_random_sizes_and_empty_ones(server: Running) -> None:
    dice = random.Random(4)
    async with client(server.url + "?language=en") as it:
        at = 0
        while at < len(TALK):
            size = dice.choice([0, 1, 5, 99, 4_001, 20_003])
            await it.send(TALK[at : at + size])
            at += size
        transcript = await it.finish()
    assert _finals(transcript) == await _whole(server, TALK)


async def test_fragmented_messages_are_one(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        pieces = [TALK[at : at + 9_999] for at in range(0, len(TALK), 9_999)]
        await it.connection.send(pieces)  # one message in many frames
        await it.connection.send(['{"type":', '"final', 'ize"}'])
        transcript = await it.finish()
    assert transcript.text() == " ".join(f["text"] for f in await _whole(server, TALK)).strip()


FORMATS = [
    (encoding, rate)
    for encoding in ("pcm_s16le", "pcm_f32le", "mulaw", "alaw")
    for rate in (8_000, 16_000, 44_100, 48_000)
] + [("pcm_s16le", 11_025), ("pcm_s16le", 22_050), ("pcm_s16le", 24_000), ("pcm_f32le", 32_000)]


@pytest.mark.parametrize(("encoding", "rate"), FORMATS)
async def test_every_encoding_and_rate(server: Running, encoding: str, rate: int) -> None:
    audio = encoded(speech(1_300, rate), encoding)
    query = f"?encoding={encoding}&sample_rate={rate}&language=en"
    transcript = await transcribe(server.url + query, audio, chunk=777)
    assert transcript.text() == "w0 w1 w2"
    assert 1_299 <= transcript.events[-1]["audio_ms"] <= 1_300
    assert not transcript.of("warning")


def _two(left: Samples, right: Samples) -> bytes:
    return encoded(interleaved(left, right))


async def test_two_channels_are_heard_apart(server: Running) -> None:
    talk = np.concatenate((speech(1_200), silence(1_200)))
    reply = np.concatenate((silence(1_600), speech(800)))
    query = "?channels=2&channel_names=agent,customer&language=en&endpointing.silence_ms=300"
    # 3 bytes: neither a sample nor a frame of both channels.
    transcript = await transcribe(server.url + query, _two(talk, reply), chunk=12_003)
    assert transcript.text(0) == "w0 w1 w2"
    assert transcript.text(1) == "w4 w5"
    assert {event["channel"] for event in transcript.of("speech_started")} == {0, 1}
    assert bare(transcript.events[-1]) == {
        "type": "ended",
        "audio_ms": 2_400,
        "segments": 2,
        "words": 5,
    }


async def test_two_channels_that_speak_at_once(server: Running) -> None:
    both = _two(speech(2_000), speech(2_000))
    transcript = await transcribe(server.url + "?channels=2&language=en", both)
    assert transcript.text(0) == transcript.text(1) == "w0 w1 w2 w3 w4"
    assert {final["segment"] for final in transcript.finals} == {0, 1}


async def test_eight_channels_of_telephone_speech(server: Running) -> None:
    channels = [speech(800, 8_000) if n % 2 else silence(800, 8_000) for n in range(8)]
    audio = encoded(interleaved(*channels), "mulaw")
    query = "?channels=8&encoding=mulaw&sample_rate=8000&language=en"
    transcript = await transcribe(server.url + query, audio, chunk=1_001)
    assert [transcript.text(n) for n in range(8)] == ["", "w0 w1"] * 4


async def test_half_a_sample_at_the_end_is_left_out(server: Running) -> None:
    transcript = await transcribe(server.url + "?language=en", spoken(800) + b"\x01")
    assert transcript.text() == "w0 w1"
    assert transcript.events[-1]["audio_ms"] == 800


async def test_a_sample_may_be_cut_by_a_finalize(server: Running) -> None:
    audio = spoken(800)
    async with client(server.url + "?language=en") as it:
        await it.send(audio[:12_801])
        await it.say("finalize", id="a")
        assert (await it.until("finalized"))["through_ms"] == 400
        await it.send(audio[12_801:])
        transcript = await it.finish()
    assert transcript.text() == "w0 w1"


async def test_digital_silence_is_told_once(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(bytes(32_000 * 12))
        await it.send(bytes(32_000 * 12))
        transcript = await it.finish()
    assert [(w["code"], w["silent_ms"]) for w in transcript.of("warning")] == [("no_audio", 10_000)]
    assert not transcript.finals


async def test_a_long_speech_is_cut_at_its_longest(server: Running) -> None:
    query = "?language=en&endpointing.max_segment_ms=2000"
    transcript = await transcribe(server.url + query, spoken(7_000), chunk=8_000)
    assert transcript.finals[0]["reason"] == "max_length"
    segments = [e for e in transcript.events if "segment" in e and e["type"] != "partial"]
    spans = [(segment["start_ms"], segment["end_ms"]) for segment in segments]
    assert spans[0][0] == 0
    assert spans[-1][1] == 7_000
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert all(end - start <= 2_000 for start, end in spans)


async def test_a_socket_cut_in_the_middle_of_a_word(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(1_000))
        await it.until("speech_started")
        it.connection.transport.abort()
    await empty(server)
    await serves_on(server)


@pytest.mark.parametrize("reset", [True, False])
async def test_a_socket_reset_inside_a_frame(server: Running, reset: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"GET /v1/stream?language=en HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    half = b"\x82\xfe\x7d\x00\x00\x00\x00\x00" + spoken(500)[:9_999]  # of 32,000 bytes announced
    writer.write(half)
    await writer.drain()
    await reader.readuntil(b'"started"')
    if reset:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
    await empty(server)
    await serves_on(server)


async def test_a_client_that_leaves_while_its_final_is_decoded(server: Running) -> None:
    for _ in range(5):
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(1_000))
            await it.say("end")
            it.connection.transport.abort()
    await empty(server)
    await serves_on(server)


async def test_what_comes_after_the_end_is_ignored(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(800))
        await it.send(json.dumps({"type": "end"}))
        await it.send(spoken(800))
        await it.say("finalize", id="late")
        await it.say("end")
        assert await it.rest() == 1000
    assert it.transcript.text() == "w0 w1"
    assert it.transcript.events[-1]["audio_ms"] == 800
