"""Whatever a client sends: it is obeyed or answered, and what is written is an event."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import RequestError
from streaming.options import SessionConfig, parse_configure
from streaming.transports.codec import Aside, Audio, Configure, Finalize, Started
from streaming.transports.openai_realtime.codec import OpenAIRealtimeCodec

_NAMES = st.sampled_from(
    ["type", "audio", "input", "format", "rate", "transcription", "language", "languages",
     "prompt", "keywords", "model", "turn_detection", "eagerness", "threshold", "include",
     "silence_duration_ms", "input_audio_format", "noise_reduction", "event_id", "\ud800"]
)  # fmt: skip
_WORDS = st.sampled_from(
    ["transcription", "audio/pcm", "audio/pcmu", "server_vad", "semantic_vad", "low", "en", "de",
     "g711_alaw", "item.input_audio_transcription.logprobs", "\ud800", ""]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)
_KINDS = st.sampled_from(
    ["session.update", "transcription_session.update", "input_audio_buffer.append",
     "input_audio_buffer.commit", "input_audio_buffer.clear", "response.create"]
)  # fmt: skip
_AUDIO = st.binary(max_size=200).map(lambda data: data.hex())
_EVENTS = st.fixed_dictionaries(
    {"type": _KINDS}, optional={"session": _VALUES, "audio": _AUDIO | _VALUES, "event_id": _VALUES}
)


@given(st.lists(_EVENTS.map(json.dumps) | st.text(max_size=20), max_size=8))
def test_nothing_is_left_unanswered(messages: list[str]) -> None:
    it = OpenAIRealtimeCodec()
    it.opening([])
    assert it.write(Started("s", "t", "base", "cpu", "auto", {}))
    config = SessionConfig()
    for message in messages:
        for command in it.text(message):
            match command:
                case Configure(options):
                    try:
                        config = parse_configure(options, config, languages=("en", "de"))
                    except RequestError as error:
                        pardon = it.forgive(command, error)
                        assert pardon is not None
                        _is_said(it, pardon)
                        break
                case Aside():
                    _is_said(it, command)
                case Audio(data):
                    assert len(data) % 4 == 0
                case _:
                    assert isinstance(command, Finalize)


def _is_said(it: OpenAIRealtimeCodec, notice: Any) -> None:
    for text in it.write(notice):
        text.encode()
        event = json.loads(text)
        assert event["event_id"]
        assert len(text) < 20_000
