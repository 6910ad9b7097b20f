from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from streaming.errors import BadConfiguration, Overloaded, QuotaExceeded
from streaming.events import Finalized, SpeechEnded, SpeechStarted
from streaming.transports.codec import Ack, Aside, Audio, Configure, Finalize, Queued, Started
from streaming.transports.openai_realtime.codec import OpenAIRealtimeCodec


def codec(**options: Any) -> OpenAIRealtimeCodec:
    made = OpenAIRealtimeCodec(**options)
    made.opening([])
    made.write(Started("s", "t", "base", "cpu", "auto", {}))
    return made


def said(it: OpenAIRealtimeCodec, notice: Any) -> list[dict[str, Any]]:
    return [json.loads(text) for text in it.write(notice)]


def append(ms: int, rate: int = 24_000) -> str:
    audio = base64.b64encode(bytes(2 * rate * ms // 1000)).decode()
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio})


def test_audio_of_any_format_becomes_the_sessions_own() -> None:
    it = codec()
    commands = [*it.text(append(500)), *it.text('{"type": "input_audio_buffer.commit"}')]
    audio = b"".join(command.data for command in commands if isinstance(command, Audio))
    assert len(audio) == 500 * 16 * 4
    assert isinstance(commands[-1], Finalize)
    assert isinstance(commands[-2], Aside)


def test_a_change_that_is_refused_has_not_been() -> None:
    it = codec()
    update = {"type": "session.update", "event_id": "e", "session": {"include": None}}
    update["session"] = {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}
    change, told = it.text(json.dumps(update))
    assert isinstance(change, Configure)
    error = BadConfiguration("language: 'xx' is none", field="language")
    pardon = it.forgive(change, error)
    (event,) = said(it, pardon)
    assert event["error"]["event_id"] == "e"
    assert event["error"]["param"] == "session.audio.input.transcription.language"
    (audio,) = it.text(append(100))  # still of 24 kHz
    assert isinstance(audio, Audio)
    assert 80 * 64 < len(audio.data) <= 100 * 64
    assert isinstance(told, Aside)


def test_nothing_else_is_forgiven() -> None:
    it = codec()
    assert it.forgive(Audio(b""), QuotaExceeded("too fast")) is None


@pytest.mark.parametrize(
    "message",
    ["", "[]", "7", "{", '{"type": 7}', '{"type": "x"}', "[" * 100_000,
     '{"type": "session.update"}', '{"type": "input_audio_buffer.append", "audio": "\\ud800"}'],
)  # fmt: skip
def test_what_is_wrong_is_told(message: str) -> None:
    it = codec()
    (aside,) = it.text(message)
    (event,) = said(it, aside)
    assert event["type"] == "error"
    assert event["error"]["event_id"] is None


def test_a_commit_of_nothing_and_one_too_many() -> None:
    it = codec()
    commit = '{"type": "input_audio_buffer.commit"}'
    (aside,) = it.text(commit)
    assert said(it, aside)[0]["error"]["code"] == "input_audio_buffer_commit_empty"
    clear = '{"type": "input_audio_buffer.clear"}'
    for _ in range(200):
        it.text(clear)
    (aside,) = it.text(clear)
    assert said(it, aside)[0]["error"]["code"] == "rate_limit_exceeded"
    it.write(Finalized("cut-1", 0))
    assert isinstance(it.text(clear)[-1], Finalize)


def test_one_append_is_no_more_than_the_others_can_wait_for() -> None:
    it = codec()
    (aside,) = it.text(append(20_100))
    assert said(it, aside)[0]["error"]["param"] == "audio"


def test_what_has_no_word_is_not_told() -> None:
    it = codec()
    for notice in (Queued(1, 2), Ack(1, 1), Finalized(None, 0)):
        assert said(it, notice) == []


def test_the_last_words() -> None:
    it = codec()
    said(it, SpeechStarted(0, 0))
    said(it, SpeechEnded(0, 500))
    failed, error = map(json.loads, it.error(Overloaded("full")))
    assert failed["type"].endswith(".failed")
    assert failed["item_id"] == "item_s_1"
    assert error["error"]["code"] == "overloaded"
    denial = it.denial(Overloaded("full"))
    assert denial.status == 503
    assert denial.body["error"]["type"] == "server_error"


def test_a_secret_in_a_subprotocol() -> None:
    it = OpenAIRealtimeCodec()
    offered = ["realtime", "openai-insecure-api-key.ws_key", "openai-beta.realtime-v1"]
    assert it.secret(offered) == "ws_key"
    assert it.secret(["realtime", "openai-insecure-api-key.ek_wst_a.b~"]) == "wst_a.b"
    assert it.secret(["realtime"]) is None


def test_a_conversation_is_refused() -> None:
    with pytest.raises(BadConfiguration):
        OpenAIRealtimeCodec().opening([("intent", "conversation")])
