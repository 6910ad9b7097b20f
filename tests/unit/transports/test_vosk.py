"""vosk-server's words: what is understood, and one reply for every audio message, in order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streaming.decoding import Word
from streaming.errors import BadConfiguration, BadMessage
from streaming.events import Ended, EndReason, Final, Finalized, Partial, SpeechStarted, Suppressed
from streaming.options import parse_start
from streaming.transports.codec import (
    Ack,
    Aside,
    Audio,
    Command,
    Configure,
    End,
    Finalize,
    Notice,
    Started,
)
from streaming.transports.codec import Start as Begin
from streaming.transports.vosk import VoskCodec

EOF = '{"eof" : 1}'
RESET = '{"reset" : 1}'
ENDED = Ended(1_000, 1, 2)


def partial(text: str, segment: int = 1) -> Partial:
    return Partial(segment, 1, 0, 0, 500, "", text, "en")


def final(text: str, segment: int = 1, confidence: float = 0.9, at_ms: int = 0) -> Final:
    words = tuple(
        Word(f" {word}", at_ms + 100 * number, at_ms + 100 * (number + 1), 0.5)
        for number, word in enumerate(text.split())
    )
    return Final(
        segment, 0, 0, 900, text, confidence, "en", 1.0, EndReason.SILENCE, words, len(words)
    )


class Exchange:
    """A codec with nothing between what it reads and what it writes."""

    def __init__(self, *config: str) -> None:
        self.codec = VoskCodec()
        self.replies: list[dict[str, Any]] = []
        self.commands: list[Command] = []
        for message in config:
            self.text(message)

    def _obey(self, commands: Any) -> None:
        self.commands += commands
        for command in commands:
            if isinstance(command, Aside):
                self.hear(command)

    def text(self, message: str) -> None:
        self._obey(self.codec.text(message))

    def audio(self) -> None:
        self._obey(self.codec.binary(b"\0\0"))

    def hear(self, notice: Notice) -> None:
        for frame in self.codec.write(notice):
            assert isinstance(frame, str)
            self.replies.append(json.loads(frame))


# -- what is understood ---------------------------------------------------------------------------


def start_of(it: Exchange) -> dict[str, Any]:
    (start,) = (command for command in it.commands if isinstance(command, Begin))
    return dict(start.options)


@pytest.mark.parametrize(
    ("message", "rate"),
    [
        ('{ "config" : { "sample_rate" : 16000 } }', 16_000),
        ('{"config" : {"sample_rate" : 48000.0 }}', 48_000),
        ('{"config": {"sample_rate": "8000"}}', 8_000),
        ('{"config": {}}', 8_000),
    ],
)
def test_the_rate_however_a_client_writes_it(message: str, rate: int) -> None:
    it = Exchange(message)
    assert start_of(it)["audio"] == {
        "encoding": "pcm_s16le",
        "sample_rate": rate,
        "channels": 1,
    }
    assert it.replies == []  # a config is not answered
    assert parse_start(start_of(it), languages=("en",)).audio.sample_rate == rate


def test_without_a_config_it_is_telephone_sound() -> None:
    it = Exchange()
    it.audio()
    assert start_of(it)["audio"]["sample_rate"] == 8_000
    assert it.commands[1] == Audio(b"\0\0")
    it.audio()
    assert len(it.commands) == 5  # it begins once


def test_a_grammar_becomes_hot_words() -> None:
    long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    phrases = ["yes please", "[unk]", " ", long, "yes please"]
    it = Exchange(json.dumps({"config": {"phrase_list": phrases, "words": 0}}))
    options = start_of(it)
    assert options["hotwords"][0] == "yes please"
    assert " ".join(options["hotwords"][1:]) == long
    config = parse_start(options, languages=("en",))
    assert (config.words, len(config.hotwords)) == (False, 3)


def test_a_second_config_changes_what_can_be_changed() -> None:
    it = Exchange('{"config":{"sample_rate":8000}}', '{"config":{"sample_rate":8000}}')
    it.text('{"config":{"phrase_list":["no"], "max_alternatives":1}}')
    assert it.commands[1:] == [Configure({"hotwords": ["no"]})]
    it.hear(final("no"))
    it.audio()
    assert "alternatives" in it.replies[0]
    with pytest.raises(BadConfiguration, match="sample_rate: 16000 can't follow 8000"):
        it.text('{"config":{"sample_rate":16000}}')


def test_the_address_says_what_vosk_has_no_word_for() -> None:
    it = Exchange()
    query = [
        ("language", "de"),
        ("sample_rate", "16000"),
        ("endpointing.silence_ms", "400"),
        ("model", "large"),
    ]
    assert it.codec.opening(query) is None
    it.text('{"config":{"token":"wst_x"}}')
    assert start_of(it) == {
        "language": "de",
        "endpointing": {"silence_ms": "400"},
        "token": "wst_x",
        "words": True,
        "audio": {"encoding": "pcm_s16le", "sample_rate": 16_000, "channels": 1},
    }


@pytest.mark.parametrize(
    "message",
    [
        "eof",
        "[" * 5_000,
        "[]",
        "3",
        "{}",
        '{"eof":0}',
        '{"type":"start"}',
    ],
)
def test_what_is_no_message(message: str) -> None:
    with pytest.raises(BadMessage):
        VoskCodec().text(message)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ("3", "config"),
        ('{"sample_rate":true}', "sample_rate"),
        ('{"sample_rate":8000.5}', "sample_rate"),
        ('{"sample_rate":1e400}', "sample_rate"),
        ('{"sample_rate":NaN}', "sample_rate"),
        ('{"sample_rate":[]}', "sample_rate"),
        ('{"sample_rate":"fast"}', "sample_rate"),
        ('{"max_alternatives":-1}', "max_alternatives"),
        ('{"max_alternatives":"2"}', "max_alternatives"),
        ('{"phrase_list":"yes"}', "phrase_list"),
        ('{"phrase_list":[1]}', "phrase_list"),
    ],
)
def test_what_cannot_be_had_is_named(config: str, field: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        VoskCodec().text(f'{{"config":{config}}}')
    assert caught.value.field == field


# -- what is answered -----------------------------------------------------------------------------


def test_every_audio_message_is_answered_once() -> None:
    it = Exchange()
    it.audio()
    it.hear(SpeechStarted(0, 0))
    it.hear(partial("hel"))
    it.hear(partial("hello"))
    it.audio()
    it.audio()
    it.hear(final("hello there"))
    it.hear(partial("how", segment=2))
    it.audio()
    it.audio()
    assert [reply.get("partial", reply.get("text")) for reply in it.replies] == [
        "",
        "hello",
        "hello",
        "hello there",
        "how",
    ]


def test_a_final_has_its_words_in_seconds() -> None:
    it = Exchange()
    it.hear(final("hello there", at_ms=1_500))
    it.audio()
    assert it.replies == [
        {
            "result": [
                {"conf": 0.5, "end": 1.6, "start": 1.5, "word": "hello"},
                {"conf": 0.5, "end": 1.7, "start": 1.6, "word": "there"},
            ],
            "text": "hello there",
        }
    ]


def test_without_words_there_is_the_text() -> None:
    it = Exchange('{"config":{"words":false}}')
    it.hear(final("hello there"))
    it.audio()
    assert it.replies == [{"text": "hello there"}]


def test_alternatives_are_the_one_there_is() -> None:
    it = Exchange('{"config":{"max_alternatives":3, "words":false}}')
    it.hear(final("hello there", confidence=0.75))
    it.audio()
    it.text(EOF)
    it.hear(ENDED)
    assert it.replies == [
        {"alternatives": [{"confidence": 0.75, "text": "hello there"}]},
        {"alternatives": [{"confidence": 1.0, "text": ""}]},
    ]


def test_finals_that_wait_are_told_one_by_one_and_the_rest_at_the_end() -> None:
    it = Exchange()
    for segment, text in enumerate(("one", "two", "three")):
        it.hear(final(text, segment))
    it.audio()
    it.text(EOF)
    assert it.commands[-1] == End()
    it.hear(final("four", 4))
    it.hear(ENDED)
    assert [reply["text"] for reply in it.replies] == ["one", "two three four"]
    assert [word["word"] for word in it.replies[1]["result"]] == ["two", "three", "four"]


def test_nothing_said_is_an_empty_text() -> None:
    it = Exchange()
    it.text(EOF)
    it.hear(ENDED)
    assert it.replies == [{"text": ""}]
    assert [type(command) for command in it.commands] == [Begin, End]


def test_what_was_no_speech_is_taken_back() -> None:
    it = Exchange()
    it.hear(partial("thanks for watching"))
    it.hear(Suppressed(1, 0, 0, 900, "stock"))
    it.audio()
    assert it.replies == [{"partial": ""}]


def test_a_reset_is_answered_in_its_turn() -> None:
    it = Exchange()
    it.audio()
    it.text(RESET)
    it.audio()  # this client does not wait for replies
    it.text(RESET)
    it.audio()
    asked = [command for command in it.commands if isinstance(command, Finalize)]
    assert len(it.replies) == 1
    it.hear(final("one"))
    it.hear(Finalized(asked[0].id, 900))
    it.hear(final("two", 2))
    it.hear(Finalized(asked[1].id, 900))
    it.audio()
    assert [reply.get("text", reply.get("partial")) for reply in it.replies] == [
        "",
        "one",
        "",
        "two",
        "",
        "",
    ]
    assert "text" in it.replies[1] and "text" in it.replies[3]


def test_nothing_is_said_that_nothing_asked_for() -> None:
    it = Exchange()
    for notice in (
        Started("s", "t", "m", "d", "en", {}),
        Ack(1, 1),
        final("hello"),
        Finalized(None, 1),
    ):
        it.hear(notice)
    assert it.replies == []


def test_it_is_laid_out_as_vosk_does() -> None:
    it = VoskCodec()
    it.write(partial("hello"))
    (_, _, aside) = it.binary(b"\0\0")
    assert isinstance(aside, Aside)
    assert list(it.write(aside)) == ['{\n  "partial" : "hello"\n}']


def test_the_close_says_what_no_message_does() -> None:
    error = BadConfiguration("sample_rate: 5 is not " + "ü" * 100, field="sample_rate")
    code, reason = VoskCodec().close(error)
    assert code == 4422
    assert reason.startswith("bad_configuration: sample_rate: 5 is not üü")
    assert len(reason.encode()) <= 123
    assert list(VoskCodec().error(error)) == []


def test_who_is_cut_off_is_told_what_was_said() -> None:
    codec = VoskCodec()
    codec.write(final("hello there"))
    (frame,) = codec.error(BadMessage("message: '' is not JSON"))
    assert json.loads(frame)["text"] == "hello there"
    assert list(codec.error(BadMessage("message: '' is not JSON"))) == []


def test_a_model_of_the_clients_own_is_not_looked_at() -> None:
    it = Exchange('{"config":{"model":"/models/vosk-model-ru"}}')
    assert "model" not in start_of(it)


@pytest.mark.parametrize("text", ['"Yes."', 'He said "no"', '"', "\\", '\\" "'])
def test_quotation_marks_never_look_like_an_empty_text(text: str) -> None:
    codec = VoskCodec()
    codec.text('{"config": {"words": 0}}')
    codec.write(final(text))
    (aside,) = [it for it in codec.binary(b"") if isinstance(it, Aside)]
    (reply,) = codec.write(aside)
    assert json.loads(reply)["text"] == text.strip()
    assert '""' not in reply  # which mod_vosk looks for
