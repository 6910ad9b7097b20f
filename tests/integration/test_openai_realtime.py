"""The ``openai`` package as it is, with only its address and key changed, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import numpy as np
import pytest
from openai import AsyncOpenAI, AuthenticationError, UnprocessableEntityError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from streaming.auth.keys import digest_of, new_key
from tests.integration.harness import WAIT_S, Running, empty, serving
from tests.protocol.sounds import encoded, silence, speech

SECRET = new_key()
PAGE = "https://app.example"
TRANSCRIPTION = {"intent": "transcription"}
COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    """A server that asks for a key."""
    auth = {"keys": (f"app:{digest_of(SECRET)}",), "origins": (PAGE,)}
    with serving(auth=auth) as running:
        yield running


def sound(said_ms: int, silent_ms: int = 0, rate: int = 24_000, form: str = "pcm_s16le") -> str:
    """Speech and silence behind it, as an append carries it."""
    samples = np.concatenate((speech(said_ms, rate), silence(silent_ms, rate)))
    return base64.b64encode(encoded(samples, form)).decode()


class Heard:
    """A connection of the SDK's, and all events that came over it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.events: list[Any] = []

    async def until(self, kind: str) -> Any:
        """The next event of a type."""
        async with asyncio.timeout(WAIT_S):
            while True:
                event = await self.connection.recv()
                self.events.append(event)
                if event.type == kind:
                    return event

    async def update(self, **heard: Any) -> Any:
        """Ask for a session, and return what became of it."""
        await self.connection.session.update(session=session(**heard))
        return (await self.until("session.updated")).session.audio.input

    async def append(self, audio: str) -> None:
        """Send audio in one piece."""
        await self.connection.input_audio_buffer.append(audio=audio)

    async def commit(self) -> None:
        """Commit."""
        await self.connection.input_audio_buffer.commit()

    def of(self, kind: str) -> list[Any]:
        """All events of a type so far."""
        return [event for event in self.events if event.type.endswith(kind)]

    def text(self, item: str) -> str:
        """An item's deltas, joined."""
        return "".join(event.delta for event in self.of(".delta") if event.item_id == item)


@asynccontextmanager
async def realtime(server: Running, key: str = "none") -> AsyncIterator[Heard]:
    """The SDK's own way to open a transcription session."""
    async with (
        AsyncOpenAI(base_url=f"{server.http}/v1", api_key=key) as client,
        client.realtime.connect(extra_query=TRANSCRIPTION) as connection,
    ):
        yield Heard(connection)


def session(**heard: Any) -> Any:
    """What ``session.update`` takes."""
    include = heard.pop("include", None)
    heard.setdefault("transcription", {"model": "gpt-4o-transcribe", "language": "en"})
    asked = {"type": "transcription", "audio": {"input": heard}}
    return asked if include is None else {**asked, "include": include}


async def test_the_quick_start(server: Running) -> None:
    async with realtime(server) as it:
        created = await it.until("session.created")
        assert created.session.type == "transcription"
        assert (await it.update()).transcription.language == "en"
        await it.append(sound(1_200, 1_500))
        done = await it.until(COMPLETED)
        assert done.transcript == "w0 w1 w2"
        assert it.text(done.item_id) == done.transcript
        assert done.usage.type == "duration"
        assert 1.0 < done.usage.seconds < 2.5
        assert [event.type for event in it.events if event.type != DELTA] == [
            "session.created",
            "session.updated",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            COMPLETED,
        ]
    await empty(server)  # who has left is not waited for


async def test_words_come_while_they_are_spoken(server: Running) -> None:
    async with realtime(server) as it:
        await it.update()
        for _ in range(40):
            await it.append(sound(100))
            await asyncio.sleep(0.02)
        await it.until(DELTA)
        assert not it.of("speech_stopped")


async def test_turns_are_in_order(server: Running) -> None:
    async with realtime(server) as it:
        await it.update()
        for _ in range(3):
            await it.append(sound(800, 1_500))
        done = [await it.until(COMPLETED) for _ in range(3)]
        committed = it.of("committed")
        ids = [event.item_id for event in committed]
        assert [event.previous_item_id for event in committed] == [None, *ids[:-1]]
        assert [event.item_id for event in done] == ids
        assert [event.item_id for event in it.of("speech_started")] == ids
        assert len({event.event_id for event in it.events}) == len(it.events)


@pytest.mark.parametrize(
    ("form", "rate", "encoding"),
    [
        ({"type": "audio/pcm", "rate": 16_000}, 16_000, "pcm_s16le"),
        ({"type": "audio/pcm", "rate": 48_000}, 48_000, "pcm_s16le"),
        ({"type": "audio/pcmu"}, 8_000, "mulaw"),
        ({"type": "audio/pcma"}, 8_000, "alaw"),
    ],
)
async def test_formats(server: Running, form: Any, rate: int, encoding: str) -> None:
    async with realtime(server) as it:
        assert (await it.update(format=form)).format.type == form["type"]
        await it.append(sound(1_200, 1_500, rate, encoding))
        assert (await it.until(COMPLETED)).transcript == "w0 w1 w2"


async def test_the_format_may_change_on_the_way(server: Running) -> None:
    async with realtime(server) as it:
        await it.update(turn_detection=None)
        await it.append(sound(800))
        await it.update(turn_detection=None, format={"type": "audio/pcmu"})
        await it.append(sound(800, rate=8_000, form="mulaw"))
        await it.commit()
        done = await it.until(COMPLETED)
        assert done.usage.seconds == pytest.approx(1.6, abs=0.02)


async def test_turn_detection(server: Running) -> None:
    async with realtime(server) as it:
        turns = {"type": "server_vad", "threshold": 0.9, "silence_duration_ms": 300}
        shown = (await it.update(turn_detection=turns)).turn_detection
        assert (shown.type, shown.silence_duration_ms) == ("server_vad", 300)
        assert (shown.threshold, shown.prefix_padding_ms) == (0.5, 300)  # what is in force
        await it.append(sound(800, 500))  # the operator's 700 ms would not end it
        await it.until(COMPLETED)
        turns = {"type": "semantic_vad", "eagerness": "low"}
        shown = (await it.update(turn_detection=turns)).turn_detection
        assert (shown.type, shown.eagerness) == ("semantic_vad", "low")
        await it.append(sound(800, 2_000))
        await it.append(sound(800, 5_000))
        done = await it.until(COMPLETED)  # two seconds did not end it
        assert done.usage.seconds > 3
        assert (await it.update(turn_detection=None)).turn_detection is None


async def test_manual_commits(server: Running) -> None:
    async with realtime(server) as it:
        await it.update(turn_detection=None)
        await it.append(sound(800, 1_500))
        await it.append(sound(800, 1_500))
        await it.until(DELTA)  # while it is not committed yet
        assert not it.of("committed")
        await it.commit()
        done = await it.until(COMPLETED)
        assert it.text(done.item_id) == done.transcript
        assert {"w0", "w7"} <= {*done.transcript.split()}  # two stretches, one item
        assert done.usage.seconds == pytest.approx(4.6, abs=0.02)
        assert not it.of("speech_started")
        await it.append(sound(400))
        await it.commit()
        second = await it.until(COMPLETED)
        committed = {event.item_id: event.previous_item_id for event in it.of("committed")}
        assert committed == {done.item_id: None, second.item_id: done.item_id}


async def test_a_commit_amid_speech(server: Running) -> None:
    async with realtime(server) as it:
        await it.update()
        await it.append(sound(1_200))
        await it.commit()
        first = await it.until(COMPLETED)
        assert first.transcript
        await it.append(sound(800, 1_500))
        second = await it.until(COMPLETED)
        assert second.item_id != first.item_id
        assert [event.item_id for event in it.of("committed")] == [first.item_id, second.item_id]


async def test_clear(server: Running) -> None:
    async with realtime(server) as it:
        await it.update(turn_detection=None)
        await it.append(sound(2_000))
        await it.connection.input_audio_buffer.clear()
        await it.until("input_audio_buffer.cleared")
        await it.append(sound(800))
        await it.commit()
        done = await it.until(COMPLETED)
        assert done.usage.seconds == pytest.approx(0.8, abs=0.02)
        assert len(done.transcript.split()) == 2
        assert [event.item_id for event in it.of("committed")] == [done.item_id]


async def test_logprobs(server: Running) -> None:
    async with realtime(server) as it:
        await it.update(include=["item.input_audio_transcription.logprobs"])
        await it.append(sound(1_200, 1_500))
        done = await it.until(COMPLETED)
        assert "".join(one.token for one in done.logprobs).strip() == done.transcript
        assert all(bytes(one.bytes).decode() == one.token for one in done.logprobs)
        assert all(one.logprob <= 0 for one in done.logprobs)
        assert [language.code for language in done.languages] == ["en"]


async def test_errors_keep_the_session(server: Running) -> None:
    async with realtime(server) as it:
        await it.until("session.created")
        wrong: list[dict[str, Any]] = [
            {"type": "response.create"},
            {"type": "input_audio_buffer.append", "audio": "no base64!"},
            {"type": "input_audio_buffer.append", "audio": 7},
            {"type": "input_audio_buffer.commit"},
            {"type": "session.update", "session": {"type": "realtime"}},
            {"type": "session.update", "session": session(transcription={"language": "xx"})},
            {"type": "session.update", "session": session(format={"type": "audio/mp3"})},
            {"type": "session.update", "session": session(turn_detection={"type": "server_vad",
             "silence_duration_ms": 7})},
            {"type": "session.update", "session": {"type": "transcription", "voice": "ash"}},
        ]  # fmt: skip
        params = []
        for i, event in enumerate(wrong):
            await it.connection.send({**event, "event_id": f"mine-{i}"})
            error = (await it.until("error")).error
            assert error.event_id == f"mine-{i}"
            assert error.type == "invalid_request_error"
            params.append(error.param)
        heard = "session.audio.input"
        assert params == [
            "type",
            "audio",
            "audio",
            None,
            "session.type",
            f"{heard}.transcription.language",
            f"{heard}.format.type",
            f"{heard}.turn_detection.silence_duration_ms",
            "session.voice",
        ]
        await it.connection.send_raw("not JSON")
        await it.until("error")
        await it.connection.send_raw(b"\x00\x01")
        await it.until("error")
        await it.update()
        await it.append(sound(1_200, 1_500))
        assert (await it.until(COMPLETED)).transcript == "w0 w1 w2"


async def test_the_old_beta(server: Running) -> None:
    address = f"{server.http}/v1"
    sockets = address.replace("http", "ws")  # the beta's client asks for TLS otherwise
    async with (
        AsyncOpenAI(base_url=address, websocket_base_url=sockets, api_key="none") as client,
        client.beta.realtime.connect(model="whisper-1", extra_query=TRANSCRIPTION) as connection,
    ):
        it = Heard(connection)
        await it.until("transcription_session.created")
        await connection.transcription_session.update(
            session={
                "input_audio_format": "g711_ulaw",
                "input_audio_transcription": {"model": "whisper-1", "language": "en"},
                "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
            }
        )
        updated = await it.until("transcription_session.updated")
        assert updated.session.input_audio_format == "g711_ulaw"
        await it.append(sound(1_200, 1_500, 8_000, "mulaw"))
        assert (await it.until(COMPLETED)).transcript == "w0 w1 w2"
        assert it.of("conversation.item.created")
        assert not it.of("conversation.item.added")


async def test_a_key(locked: Running) -> None:
    async with realtime(locked, SECRET) as it:
        await it.until("session.created")
    for key in ("none", new_key()):
        with pytest.raises(InvalidStatus) as caught:
            async with realtime(locked, key):
                pass
        assert caught.value.response.status_code == 401
        error = json.loads(caught.value.response.body or b"{}")["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")


async def test_client_secrets(locked: Running) -> None:
    async with AsyncOpenAI(base_url=f"{locked.http}/v1", api_key=SECRET) as client:
        asked = session(format={"type": "audio/pcmu"})
        made = await client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60}, session=asked
        )
        assert made.value.startswith("ek_")
        with pytest.raises(UnprocessableEntityError) as caught:
            await client.realtime.client_secrets.create(session=session(transcription=None))
        assert caught.value.param == "session.audio.input.transcription"
        old = await client.beta.realtime.transcription_sessions.create(
            input_audio_format="g711_alaw"
        )
        assert old.client_secret.value.startswith("ek_")
        assert old.input_audio_format == "g711_alaw"
    for value in (made.value, old.client_secret.value):
        async with realtime(locked, value) as it:
            created = await it.until("session.created")
            assert created.session.audio.input.format.type in ("audio/pcmu", "audio/pcma")
    async with AsyncOpenAI(base_url=f"{locked.http}/v1", api_key=made.value) as client:
        with pytest.raises(AuthenticationError):  # a secret makes no other
            await client.realtime.client_secrets.create()


async def test_a_page_with_a_client_secret(locked: Running) -> None:
    async with AsyncOpenAI(base_url=f"{locked.http}/v1", api_key=SECRET) as client:
        made = await client.realtime.client_secrets.create(session=session(turn_detection=None))
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{made.value}")]
    url = locked.url.replace("stream", "realtime")
    async with connect(url, proxy=None, subprotocols=offered, origin=Origin(PAGE)) as socket:
        assert socket.subprotocol == "realtime"
        created = json.loads(await socket.recv())
        assert created["session"]["audio"]["input"]["turn_detection"] is None
    wrong = [Subprotocol("realtime"), Subprotocol("openai-insecure-api-key.nonsense")]
    async with connect(url, proxy=None, subprotocols=wrong, origin=Origin(PAGE)) as socket:
        refused = json.loads(await socket.recv())
        assert refused["error"]["code"] == "invalid_api_key"
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_client_secrets_where_no_key_is_asked_for(server: Running) -> None:
    async with AsyncOpenAI(base_url=f"{server.http}/v1", api_key="none") as client:
        made = await client.realtime.client_secrets.create(session=session())
    async with realtime(server, made.value) as it:
        created = await it.until("session.created")
        assert created.session.audio.input.transcription.language == "en"


async def test_conversations_are_refused(server: Running) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(
            server.url.replace("stream", "realtime?intent=conversation"), proxy=None
        ):
            pass
    assert json.loads(caught.value.response.body or b"{}")["error"]["param"] == "intent"


async def test_bad_bodies_of_client_secrets(locked: Running) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    url = f"{locked.http}/v1/realtime/client_secrets"
    async with httpx2.AsyncClient(trust_env=False, headers=headers) as web:
        for body, status in (
            (b"nonsense", 400),
            (b"[]", 400),
            (b"{" + b" " * 20_000 + b"}", 413),
            (b'{"expires_after": {"seconds": 5}}', 422),
            (b'{"session": {"type": "realtime"}}', 422),
        ):
            answer = await web.post(url, content=body)
            assert answer.status_code == status
            assert answer.json()["error"]["type"] == "invalid_request_error"
