"""What is fuzzed: functions that take any bytes, and what must hold for whatever they are.

A target returns when the bytes were dealt with as documented, which may be a refusal; whatever
else it raises is a defect. A new dialect is one line in ``DIALECTS``.
"""

from __future__ import annotations

import functools
import itertools
import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import numpy as np

from streaming.audio import SAMPLE_RATE
from streaming.audio.formats import AudioFormat, Encoding
from streaming.audio.framing import FRAME_SAMPLES, FrameCutter, Framer
from streaming.client.errors import MessageError
from streaming.client.protocol import parse_event
from streaming.errors import BadMessage, RequestError, WirescribeError
from streaming.events import Finalized
from streaming.options import SessionConfig, parse_configure, parse_start
from streaming.transports.codec import (
    Aside,
    Audio,
    Codec,
    Command,
    Configure,
    Finalize,
    Start,
)
from streaming.transports.deepgram import DeepgramCodec
from streaming.transports.native import NativeCodec
from streaming.transports.openai_realtime.codec import OpenAIRealtimeCodec
from streaming.transports.vosk import VoskCodec
from tests.fuzz.media import media, splitters

DIALECTS: Final[Mapping[str, Callable[[], Codec]]] = {
    "native": NativeCodec,
    "deepgram": DeepgramCodec,
    "vosk": VoskCodec,
    "openai_realtime": OpenAIRealtimeCodec,
}

LANGUAGES: Final = ("en", "de", "fr", "zh")
_LONGEST_MESSAGE = 1_000  # of an error: it quotes what was sent, but never all of it
Target = Callable[[bytes], None]


# -- codecs ------------------------------------------------------------------------------------


def converse(codec: Codec, data: bytes) -> None:
    """Take bytes as a whole exchange: a query or none, then messages, text and binary."""
    parts = data.split(b"\n")
    try:
        query = parts[0].decode("latin-1")
        opening = codec.opening(parse_qsl(query, keep_blank_values=True))
        config = _obey(codec, [opening] if opening is not None else [], None)
        for message in parts[1:]:
            config = _obey(codec, _read(codec, message), config)
    except RequestError as error:
        _can_be_said(codec, error)


def _read(codec: Codec, message: bytes) -> Sequence[Command]:
    """A message whose first byte is below 0x20 is binary, any other is text."""
    if message[:1] and message[0] < 0x20:
        return codec.binary(message[1:])
    # Half of a surrogate pair can come in an escape of JSON, never in UTF-8 itself.
    return codec.text(message.decode("utf-8", errors="replace"))


def _obey(
    codec: Codec, commands: Sequence[Command], config: SessionConfig | None
) -> SessionConfig | None:
    """Do what a message asks for; behind a refusal that is forgiven the rest of it is left out."""
    for command in commands:
        try:
            config = _obeyed(codec, command, config)
        except RequestError as error:
            pardon = codec.forgive(command, error)
            if pardon is None:
                raise
            _can_be_sent(codec.write(pardon))
            break
    return config


def _obeyed(codec: Codec, command: Command, config: SessionConfig | None) -> SessionConfig | None:
    match command:
        case Start(options):
            config = parse_start(options, languages=LANGUAGES, max_channels=4)
            _is_possible(config)
        case Configure(options):
            before = config or SessionConfig()
            config = parse_configure(options, before, languages=LANGUAGES)
            _is_possible(config)
            assert (config.audio, config.task) == (before.audio, before.task)
        case Finalize(request_id):
            _can_be_sent(codec.write(Finalized(request_id, 0)))
        case Audio(sound):
            assert isinstance(sound, bytes)
        case Aside():
            _can_be_sent(codec.write(command))
    return config


def _is_possible(config: SessionConfig) -> None:
    """A configuration that was let through is one that a session can work with."""
    assert config.language is None or config.language in LANGUAGES
    assert set(config.languages) <= set(LANGUAGES)
    assert 1 <= config.audio.channels <= 4
    assert 8_000 <= config.audio.sample_rate <= 48_000
    assert 100 <= config.endpointing.silence_ms <= 5_000
    assert 2_000 <= config.endpointing.max_segment_ms <= 28_000
    assert len(config.prompt) <= 2_000
    assert len(config.hotwords) <= 100
    for text in (config.prompt, *config.hotwords, *config.audio.channel_names):
        text.encode("utf-8")
    assert isinstance(config.partials, bool)
    assert isinstance(config.words, bool)


def _can_be_said(codec: Codec, error: WirescribeError) -> None:
    """A refusal can be written, fits a message, and has a close code of the table."""
    assert len(error.message) <= _LONGEST_MESSAGE, f"{len(error.message)} characters"
    assert error.close_code == 1009 or 4400 <= error.close_code < 4500
    _can_be_sent(codec.error(error))


def _can_be_sent(frames: Sequence[str | bytes]) -> None:
    for each in frames:
        if isinstance(each, str):
            each.encode("utf-8")  # half a surrogate pair can't be


def client_events(data: bytes) -> None:
    """What the Python client makes of a server's messages."""
    for line in data.split(b"\n"):
        try:
            parse_event(line.decode("utf-8", errors="replace"))
        except MessageError as error:
            str(error).encode("utf-8")


# -- options -----------------------------------------------------------------------------------


def options(data: bytes) -> None:
    """Any JSON value in the place of every option, without a codec before it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    for asked in (value, *({name: value} for name in _OPTIONS)):
        if not isinstance(asked, dict):
            continue
        try:
            _is_possible(parse_start(asked, languages=LANGUAGES, max_channels=4))
        except RequestError as error:
            _can_be_said(NativeCodec(), error)


_OPTIONS = (
    "audio", "language", "languages", "task", "partials", "words", "prompt", "hotwords",
    "endpointing",
)  # fmt: skip


# -- audio -------------------------------------------------------------------------------------


def _sound_of(data: bytes) -> tuple[AudioFormat, list[int], bytes] | None:
    """A format, where to cut, and the bytes: from the first six bytes, and the rest."""
    if len(data) < 6:
        return None
    encoding, channels, rate, step = struct.unpack("<BBHH", data[:6])
    audio_format = AudioFormat(
        tuple(Encoding)[encoding % 4], 8_000 + rate % 40_001, 1 + channels % 8
    )
    body = data[6:]
    size = 1 + step % 700
    return audio_format, list(range(0, len(body), size)), body


def framing(data: bytes) -> None:
    """Bytes cut anywhere give the samples of the same bytes uncut, finite and within ±1."""
    if (sound := _sound_of(data)) is None:
        return
    audio_format, cuts, body = sound
    whole = Framer(audio_format)
    try:
        expected = np.concatenate([whole.push(body), whole.flush()], axis=1)
    except BadMessage as error:
        _can_be_said(NativeCodec(), error)
        assert audio_format.encoding is Encoding.PCM_F32LE
        assert whole.received_samples == 0, "a refused message leaves it as it was"
        return
    framer = Framer(audio_format)
    pieces = [framer.push(body[a:b]) for a, b in _pairs(cuts, len(body))]
    got = np.concatenate([*pieces, framer.flush()], axis=1) if pieces else framer.flush()
    np.testing.assert_array_equal(got, expected)
    assert np.isfinite(expected).all()
    assert not expected.size or np.abs(expected).max() <= 1
    samples = len(body) // audio_format.bytes_per_frame
    assert whole.received_samples == framer.received_samples == samples
    assert expected.shape == (
        audio_format.channels,
        samples * SAMPLE_RATE // audio_format.sample_rate,
    )
    assert framer.clipped_samples == whole.clipped_samples


def frames(data: bytes) -> None:
    """Frames are exact, in order, and hold every sample once."""
    if (sound := _sound_of(data)) is None:
        return
    audio_format, cuts, body = sound
    most = 1 + len(data) % 10
    samples = np.frombuffer(body, np.uint8).astype(np.float32)
    whole = samples[: len(samples) - len(samples) % audio_format.channels]
    block = whole.reshape(-1, audio_format.channels).T
    cutter = FrameCutter(audio_format.channels, most=most)
    out = []
    for a, b in _pairs(cuts, block.shape[1]):
        out += cutter.push(block[:, a:b])
        assert cutter.pending_samples < FRAME_SAMPLES
    assert all(f.samples.shape[1] % FRAME_SAMPLES == 0 for f in out)
    assert all(f.samples.shape[1] <= most * FRAME_SAMPLES for f in out)
    rest = cutter.take_rest()
    out += [rest] if rest is not None else []
    at = 0
    for each in out:
        assert each.start_sample == at
        at = each.end_sample
    joined = np.concatenate([f.samples for f in out], axis=1) if out else block[:, :0]
    np.testing.assert_array_equal(joined, block[:, :at])
    assert at == block.shape[1]


def _pairs(cuts: Sequence[int], end: int) -> Iterator[tuple[int, int]]:
    places = [*(cut for cut in cuts if cut < end), end]
    yield from itertools.pairwise(places)


def _through(make: Callable[[], Codec], data: bytes) -> None:
    converse(make(), data)


TARGETS: Final[Mapping[str, Target]] = {
    **{name: functools.partial(_through, make) for name, make in DIALECTS.items()},
    "client": client_events,
    "options": options,
    "framing": framing,
    "frames": frames,
    "splitters": splitters,
    "media": media,
}

# Words that a mutator would have to guess letter by letter.
WORDS: Final = (
    '{"type":"', "start", "configure", "finalize", "keepalive", "end", '"audio":{', "encoding",
    "pcm_s16le", "pcm_f32le", "mulaw", "alaw", "opus", "sample_rate", "channels", "channel_names",
    "language", "languages", "auto", "task", "transcribe", "translate", "partials", "words",
    "prompt", "hotwords", '"endpointing":{', "endpointing.", "audio.", "preset", "captions",
    "telephony", "dictation", "silence_ms", "sentence_silence_ms", "max_segment_ms", "true",
    "false", "null", "1e999", "-0", "NaN", "Infinity", "\\ud800", "\\u0000", "id", "resume",
    "session_id", "token", "48000", "16000", "2000", "[", "]", "{}", "[]", '""', ":", ",",
    "partial", "final", "revision", "committed", "tentative", "text", "segment", "start_ms",
    "ack", "received_ms", "decoded_ms", "started", "limits", "warning", "error", "code",
    "retryable", "ended", "audio_ms", "finalized", "through_ms", "queued", "position", "eta_ms",
    "linear16", "linear32", "multichannel", "KeepAlive", "Finalize", "CloseStream", "Configure",
    '"keyterms":[', '"features":{', "utterance_end_ms", "interim_results",
    '{"type":"session.update","session":', '"audio":{"input":{', '"transcription":{',
    '"turn_detection":{', "server_vad", "semantic_vad", "eagerness", "silence_duration_ms",
    "input_audio_buffer.append", "input_audio_buffer.commit", "input_audio_buffer.clear",
    "audio/pcm", "audio/pcmu", "transcription_session.update", "input_audio_format",
    "g711_ulaw", "event_id", "include", "item.input_audio_transcription.logprobs", "AAAA",
)  # fmt: skip


def seeds(target: str) -> list[bytes]:
    """Good input to begin with."""
    known: dict[str, list[Any]] = {
        "client": [
            {"type": "started", "session_id": "s", "resume_token": "r", "model": "m",
             "device": "cpu", "language": "en", "limits": {"max_session_ms": 1}},
            {"type": "partial", "segment": 0, "revision": 1, "channel": 0, "start_ms": 0,
             "end_ms": 9, "text": "a b", "committed": "a", "tentative": " b", "language": "en"},
            {"type": "final", "segment": 0, "channel": 0, "start_ms": 0, "end_ms": 9, "text": "a",
             "confidence": 1, "language": "en", "language_confidence": 1, "reason": "end",
             "words": [{"text": "a", "start_ms": 0, "end_ms": 9, "confidence": 0.5}]},
            {"type": "ack", "received_ms": 1, "decoded_ms": 0},
            {"type": "warning", "code": "suppressed", "message": "m", "reason": "noise"},
            {"type": "error", "code": "internal", "message": "m", "retryable": True},
            {"type": "ended", "audio_ms": 0, "segments": 0, "words": 0},
        ],
        "options": ["en", ["a"], {"silence_ms": 500}, 7, True, None, {"preset": "captions"},
                    {"encoding": "mulaw", "sample_rate": 8000, "channels": 2}],
    }  # fmt: skip
    if target in known:
        return [json.dumps(each).encode() for each in known[target]]
    if target in ("framing", "frames"):
        heads = [bytes([e, c, r, 0, s, 0]) for e, c, r, s in [(0, 0, 0, 9), (1, 1, 64, 3)]]
        return [head + bytes(range(256)) * 3 for head in heads]
    if target in ("splitters", "media"):
        return [b"\x02\x20fLaC\x80\0\0\x22" + bytes(34), b"\x00\x08" + b"\x08\x0b\xe4\xc1" * 9]
    if target == "vosk":
        return [
            b'language=en\n{"config":{"sample_rate":8000,"words":1,"max_alternatives":2}}\n\x00\x01\x02',
            b'\n{"config":{"phrase_list":["a","[unk]"]}}\n\x00\x01\x02\n{"reset" : 1}\n{"eof" : 1}',
        ]
    if target == "deepgram":
        raw = b"encoding=linear16&sample_rate=16000"
        return [
            raw + b"&interim_results=true&utterance_end_ms=1000&vad_events=true&keyterm=Erfurt",
            raw + b"&channels=2&language=multi\n\x00\x01\x02\x03" + b'\n{"type":"KeepAlive"}',
            raw + b'\n{"type":"Configure","keyterms":["a"],"features":{"numerals":true}}',
            b'encoding=mulaw&multichannel=true\n{"type":"Finalize"}\n{"type":"CloseStream"}',
        ]
    if target == "openai_realtime":
        heard = {
            "format": {"type": "audio/pcm", "rate": 8_000},
            "transcription": {"model": "whisper-1", "language": "en", "keywords": ["Erfurt"]},
            "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
        }
        flat = {"input_audio_format": "g711_ulaw", "turn_detection": None, "include": None}
        append = {"type": "input_audio_buffer.append", "audio": "AAAA" * 400}
        said: list[list[dict[str, Any]]] = [
            [{"type": "session.update", "event_id": "e", "session": {"audio": {"input": heard}}}],
            [append, {"type": "transcription_session.update", "session": flat}],
            [append, {"type": "input_audio_buffer.commit"}, {"type": "input_audio_buffer.clear"}],
        ]
        return [b"intent=transcription\n" + b"\n".join(map(_json, each)) for each in said]
    return [
        b"language=en&encoding=mulaw&endpointing.silence_ms=500",
        b'\n{"type":"start","audio":{"encoding":"pcm_f32le","channels":2},"language":"auto"}',
        b'\n{"type":"configure","languages":["de","en"],"hotwords":["Erfurt"]}\n\x00\x01\x02',
        b'\n{"type":"finalize","id":"7"}\n{"type":"keepalive"}\n{"type":"end"}',
    ]


def _json(message: object) -> bytes:
    return json.dumps(message).encode()
