"""The ``deepgram-sdk`` package as it is, only its address and key changed, over real sockets."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v1.types import ListenV1Metadata, ListenV1Results
from deepgram.listen.v1.types.listen_v1configure import ListenV1Configure
from deepgram.listen.v1.types.listen_v1configure_failure import ListenV1ConfigureFailure
from deepgram.listen.v1.types.listen_v1configure_success import ListenV1ConfigureSuccess
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streaming.auth.keys import digest_of, new_key
from streaming.transports.deepgram import DeepgramCodec
from tests.integration.harness import WAIT_S, Running, empty, serving
from tests.protocol.sounds import encoded, interleaved, silence, speech, spoken
from tests.support.media_files import encode, opus_packets

# The package asks websockets for names of its old interface.
pytestmark = pytest.mark.filterwarnings("ignore:.*websockets:DeprecationWarning")

SECRET = new_key()
RAW: dict[str, Any] = {"model": "nova-3", "encoding": "linear16", "sample_rate": 16_000}
QUERY = "model=nova-3&encoding=linear16&sample_rate=16000"


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    """A server that asks for a key."""
    with serving(auth={"keys": (f"app:{digest_of(SECRET)}",)}) as running:
        yield running


def environment(server: Running) -> DeepgramClientEnvironment:
    at = server.url.removesuffix("/v1/stream")
    return DeepgramClientEnvironment(
        base=server.http, production=at, agent=at, agent_rest=server.http
    )


@asynccontextmanager
async def listening(server: Running, **options: Any) -> AsyncIterator[Any]:
    """A connection of the asynchronous client."""
    client = AsyncDeepgramClient(api_key=SECRET, environment=environment(server))
    async with client.listen.v1.connect(**{**RAW, **options}) as connection:
        yield connection


async def until(connection: Any, kind: str) -> tuple[Any, list[Any]]:
    """The next message of a type, and what came before it."""
    before: list[Any] = []
    async with asyncio.timeout(WAIT_S):
        while (message := await connection.recv()).type != kind:
            before.append(message)
    return message, before


async def rest(connection: Any) -> list[Any]:
    """Everything up to the Metadata that ends a stream."""
    metadata, before = await until(connection, "Metadata")
    return [*before, metadata]


def texts(messages: list[Any]) -> list[str]:
    """What the finals say."""
    return [
        message.channel.alternatives[0].transcript
        for message in messages
        if isinstance(message, ListenV1Results) and message.is_final
    ]


def test_the_quick_start(locked: Running) -> None:
    """The synchronous client: connect, send, close, read."""
    client = DeepgramClient(api_key=SECRET, environment=environment(locked))
    with client.listen.v1.connect(**RAW, language="en") as connection:
        connection.send_media(spoken(1_300, then_silent_ms=900))
        connection.send_close_stream()
        messages = []
        while not isinstance(message := connection.recv(), ListenV1Metadata):
            messages.append(message)
    [result] = messages
    assert isinstance(result, ListenV1Results)
    [alternative] = result.channel.alternatives
    assert alternative.transcript == "w0 w1 w2"
    assert [(w.word, w.start, w.end, w.confidence) for w in alternative.words] == [
        ("w0", 0.0, 0.4, 0.9),
        ("w1", 0.4, 0.8, 0.9),
        ("w2", 0.8, 1.2, 0.9),
    ]
    assert (result.is_final, result.speech_final, result.from_finalize) == (True, True, False)
    assert result.metadata.model_info.name == "fake"
    assert result.metadata.request_id == message.request_id
    assert (message.duration, message.channels) == (2.2, 1)


async def test_interims_speech_and_utterance_end(locked: Running) -> None:
    options = {"interim_results": "true", "vad_events": "true", "utterance_end_ms": "1000"}
    async with listening(locked, **options) as connection:
        await connection.send_media(spoken(1_600))
        started, _ = await until(connection, "SpeechStarted")
        assert (started.channel, started.timestamp) == ([0, 1], 0.0)
        interim, _ = await until(connection, "Results")
        assert (interim.is_final, interim.speech_final) == (False, False)
        assert interim.channel.alternatives[0].transcript.startswith("w0")
        words = interim.channel.alternatives[0].words
        assert " ".join(word.word for word in words) == interim.channel.alternatives[0].transcript
        assert all(0 <= word.start <= word.end <= 1.6 for word in words)
        assert {word.confidence for word in words} == {interim.channel.alternatives[0].confidence}
        await connection.send_media(bytes(32_000))
        while not (await until(connection, "Results"))[0].speech_final:
            pass
        for _ in range(5):
            await connection.send_media(bytes(16_000))
        ended, _ = await until(connection, "UtteranceEnd")
        assert (ended.channel, ended.last_word_end) == ([0, 1], 1.6)
        await connection.send_close_stream()
        assert texts(await rest(connection)) == []


async def test_finalize_is_answered_with_words_and_without(locked: Running) -> None:
    async with listening(locked) as connection:
        await connection.send_media(spoken(1_200))
        await connection.send_finalize()
        result, before = await until(connection, "Results")
        assert not before
        assert (result.is_final, result.from_finalize) == (True, True)
        assert result.channel.alternatives[0].transcript == "w0 w1 w2"
        await connection.send_finalize()
        result, _ = await until(connection, "Results")
        assert result.from_finalize
        assert result.channel.alternatives[0].transcript == ""
        await connection.send_close_stream()
        assert texts(await rest(connection)) == []


async def test_endpointing_ends_utterances_or_not(locked: Running) -> None:
    audio = spoken(1_200, then_silent_ms=600) + spoken(800, then_silent_ms=600)
    found = {}
    for endpointing in ("300", "false", "5000"):
        async with listening(locked, endpointing=endpointing) as connection:
            await connection.send_media(audio)
            await connection.send_close_stream()
            finals = [m for m in await rest(connection) if isinstance(m, ListenV1Results)]
            found[endpointing] = [final.speech_final for final in finals]
    assert found["300"] == [True, True]
    assert len(found["5000"]) == 1
    assert found["false"][0] is (len(found["false"]) == 1)  # only the end of the stream ends one


async def test_channels_apart_and_as_one(locked: Running) -> None:
    both = interleaved(speech(1_200), silence(1_200))
    for multichannel, expected in (
        ("true", [([0, 2], "w0 w1 w2")]),
        ("false", [([0, 1], "w0 w1 w2")]),
    ):
        options = {"channels": "2", "multichannel": multichannel}
        async with listening(locked, **options) as connection:
            await connection.send_media(encoded(both))
            await connection.send_close_stream()
            *results, metadata = await rest(connection)
        assert [
            (r.channel_index, r.channel.alternatives[0].transcript) for r in results
        ] == expected
        assert metadata.duration == 1.2


@pytest.mark.parametrize(
    ("encoding", "ours", "rate"),
    [
        ("linear16", "pcm_s16le", 48_000),
        ("linear32", "pcm_f32le", 16_000),
        ("mulaw", "mulaw", 8_000),
        ("alaw", "alaw", 8_000),
    ],
)
async def test_encodings(locked: Running, encoding: str, ours: str, rate: int) -> None:
    async with listening(locked, encoding=encoding, sample_rate=rate) as connection:
        await connection.send_media(encoded(speech(1_300, rate), ours))
        await connection.send_close_stream()
        assert texts(await rest(connection)) == ["w0 w1 w2"]


CONTAINERS = [
    ("ogg-opus", "a.ogg", "libopus", 48_000, None),
    ("opus", "a.ogg", "libopus", 48_000, None),
    ("flac", "a.flac", "flac", 16_000, None),
    (None, "a.flac", "flac", 44_100, None),
    (None, "a.wav", "pcm_s16le", 16_000, None),
    (None, "a.webm", "libopus", 48_000, "webm"),
    (None, "a.mp3", "libmp3lame", 44_100, None),
    (None, "a.aac", "aac", 44_100, "adts"),
]


@pytest.mark.parametrize(("encoding", "name", "codec", "rate", "form"), CONTAINERS)
async def test_coded_audio_and_containers(
    locked: Running,
    tmp_path: Path,
    encoding: str | None,
    name: str,
    codec: str,
    rate: int,
    form: str | None,
) -> None:
    data = encode(tmp_path / name, codec, speech(1_300, rate)[None], rate, form=form).read_bytes()
    async with listening(locked, encoding=encoding, sample_rate=None) as connection:
        for at in range(0, len(data), 1_000):
            await connection.send_media(data[at : at + 1_000])
        await connection.send_close_stream()
        *results, metadata = await rest(connection)
    assert texts(results) == ["w0 w1 w2"]
    assert metadata.sha256 == hashlib.sha256(data).hexdigest()
    assert metadata.duration == pytest.approx(1.3, abs=0.15)


async def test_packets_of_opus_and_finalize_amid_them(locked: Running) -> None:
    packets = opus_packets(speech(1_300, 48_000)[None])
    async with listening(locked, encoding="opus", sample_rate=48_000) as connection:
        for packet in packets:
            await connection.send_media(packet)
        await connection.send_finalize()
        result, before = await until(connection, "Results")
        assert not before
        assert (result.from_finalize, texts([result])) == (True, ["w0 w1 w2"])
        await connection.send_close_stream()
        [metadata] = await rest(connection)
    assert metadata.duration == len(packets) * 0.02


async def test_channels_of_coded_audio(locked: Running, tmp_path: Path) -> None:
    both = np.stack([speech(1_200), silence(1_200)])
    data = encode(tmp_path / "a.flac", "flac", both, 16_000).read_bytes()
    options = {"encoding": None, "sample_rate": None, "channels": "2", "multichannel": "true"}
    async with listening(locked, **options) as connection:
        await connection.send_media(data)
        await connection.send_close_stream()
        result, metadata = await rest(connection)
    assert (result.channel_index, texts([result])) == ([0, 2], ["w0 w1 w2"])
    assert metadata.channels == 2


async def test_audio_that_can_not_be_decoded_ends_the_stream_with_data_0000(
    locked: Running, tmp_path: Path
) -> None:
    data = encode(tmp_path / "a.ogg", "libopus", speech(1_300, 48_000)[None], 48_000).read_bytes()
    for sound in (spoken(1_000), data[:500] + bytes(9_000)):
        async with listening(locked, encoding=None, sample_rate=None) as connection:
            await connection.send_media(sound)
            await connection.send_close_stream()
            error, _ = await until(connection, "Error")
            assert error.variant == "bad_media"
            assert error.description.startswith("audio: ")
            with pytest.raises(ConnectionClosed) as caught:
                await connection.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1008, "DATA-0000")
    await empty(locked)


async def test_configure_and_messages_that_can_not_be_had(locked: Running) -> None:
    async with listening(locked) as connection:
        await connection.send_configure(ListenV1Configure(keyterms=["Erfurt"]))
        success, before = await until(connection, "ConfigureSuccess")
        assert isinstance(success, ListenV1ConfigureSuccess)
        assert (success.keyterms, before) == (["Erfurt"], [])
        await connection.send_configure(ListenV1Configure(features={"diarize": True}))
        failure, before = await until(connection, "ConfigureFailure")
        assert isinstance(failure, ListenV1ConfigureFailure)
        assert (failure.request_id, before) == (success.request_id, [])
        await connection.send_configure(ListenV1Configure(keyterms=["x"] * 101))
        failure, before = await until(connection, "ConfigureFailure")
        assert failure.code == "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
        assert (failure.description, before) == ("keyterm: 101 are more than 100", [])
        await connection._send("nonsense")
        error, _ = await until(connection, "Error")
        assert (error.variant, error.message) == ("SchemaError", "nonsense")
        await connection.send_media(spoken(1_200))
        await connection.send_close_stream()
        assert texts(await rest(connection)) == ["w0 w1 w2"]


async def test_keepalive_and_the_silence_that_ends_a_stream(
    locked: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeepgramCodec, "idle_ms", 1_500)
    async with listening(locked) as connection:
        await connection.send_keep_alive()
        with pytest.raises(ConnectionClosed) as caught:
            async with asyncio.timeout(WAIT_S):
                await connection.recv()
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1011, "NET-0001")


async def test_a_wrong_key_is_no_key(locked: Running) -> None:
    client = AsyncDeepgramClient(api_key=new_key(), environment=environment(locked))
    with pytest.raises((ApiError, InvalidStatus)) as caught:
        async with client.listen.v1.connect(**RAW):
            pass
    status = getattr(caught.value, "status_code", None)
    assert status == 401


REFUSED = [
    ("model=nova-3&encoding=speex&sample_rate=16000", "encoding"),
    ("model=nova-3&multichannel=true", "channels"),
    ("model=nova-3&encoding=linear16", "sample_rate"),
    (f"{QUERY}&diarize=true", "diarize"),
    (f"{QUERY}&redact=pci", "redact"),
    (f"{QUERY}&language=xx", "language"),
    (f"{QUERY}&utterance_end_ms=1000", "utterance_end_ms"),
    (f"{QUERY}&channels=99", "channels"),
]


@pytest.mark.parametrize(("query", "parameter"), REFUSED)
async def test_what_can_not_be_had_is_refused_by_name(
    locked: Running, query: str, parameter: str
) -> None:
    url = locked.url.replace("/v1/stream", "/v1/listen")
    headers = {"Authorization": f"Token {SECRET}"}
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{url}?{query}", proxy=None, additional_headers=headers).__aenter__()
    response = caught.value.response
    assert response.status_code == 400
    body = json.loads(response.body or b"")
    assert body.keys() == {"err_code", "err_msg", "request_id"}
    assert body["err_msg"].startswith(f"{parameter}: ")
    assert response.headers["dg-error"] == body["err_msg"]
    assert response.headers["dg-request-id"] == body["request_id"]


@pytest.mark.parametrize("scheme", ["token", "bearer"])
async def test_a_key_as_a_subprotocol(locked: Running, scheme: str) -> None:
    url = locked.url.replace("/v1/stream", "/v1/listen")
    protocols: Any = [scheme, SECRET]
    async with connect(f"{url}?{QUERY}", proxy=None, subprotocols=protocols) as socket:
        assert socket.subprotocol == scheme
        assert socket.response is not None
        assert socket.response.headers["dg-request-id"]
        await socket.send('{"type":"CloseStream"}')
        assert json.loads(await socket.recv())["type"] == "Metadata"


@contextmanager
def media(server: Running) -> Iterator[Any]:
    """The client for recordings, with connections that are closed in the end."""
    with httpx.Client() as http:
        client = DeepgramClient(
            api_key=SECRET, environment=environment(server), httpx_client=http, max_retries=0
        )
        yield client.listen.v1.media


def test_a_recording_in_one_request(locked: Running) -> None:
    samples = np.frombuffer(spoken(1_300, then_silent_ms=900), "<i2")
    with media(locked) as it:
        answer: Any = it.transcribe_file(request=wav(samples), model="nova-3")
    [channel] = answer.results.channels
    [alternative] = channel.alternatives
    assert alternative.transcript == "w0 w1 w2"
    assert [word.start for word in alternative.words] == [0.0, 0.4, 0.8]
    assert alternative.confidence == 0.9
    assert answer.metadata.duration == 2.2
    assert answer.metadata.sha256 == hashlib.sha256(wav(samples)).hexdigest()


def test_recordings_elsewhere_are_not_fetched(locked: Running) -> None:
    with media(locked) as it, pytest.raises(ApiError) as caught:
        it.transcribe_url(url="http://example.com/a.wav", model="nova-3")
    assert caught.value.status_code == 400
    assert caught.value.body["err_msg"].startswith("url: ")


@pytest.mark.parametrize("query", ["diarize=true", "encoding=linear16", "utterances=true"])
def test_what_a_recording_can_not_have_is_named(locked: Running, query: str) -> None:
    name, _, value = query.partition("=")
    with media(locked) as it, pytest.raises(ApiError) as caught:
        it.transcribe_file(request=b"RIFF", **{name: value})
    assert caught.value.status_code == 400
    assert caught.value.body["err_msg"].startswith(f"{name}: ")


def wav(samples: Any) -> bytes:
    """A file of 16 kHz, mono."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return out.getvalue()


async def test_a_client_that_has_gone_leaves_nothing_behind(locked: Running) -> None:
    async with listening(locked) as connection:
        await connection.send_media(spoken(1_000))
    await empty(locked)
    assert len(locked.service.parking) == 0
    async with listening(locked, encoding="opus", sample_rate=48_000) as connection:
        for packet in opus_packets(speech(500, 48_000)[None]):
            await connection.send_media(packet)
        await connection.send_finalize()
        await until(connection, "Results")
    await empty(locked)
    decoders: Any = locked.service.decoders
    async with asyncio.timeout(WAIT_S):
        for _ in range(1_000):
            if not decoders.active:
                break
            await asyncio.sleep(0.01)
    assert decoders.active == 0
    assert locked.service.slots.active == 0
