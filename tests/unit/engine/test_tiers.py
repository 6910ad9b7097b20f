"""Two models as one engine: who answers what, and what is told of them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice, Task
from streaming.engine import load_engines
from streaming.engine.base import Engine
from streaming.engine.device import DeviceChoice
from streaming.engine.fake import FakeEngine, count_words
from streaming.engine.tiers import TieredEngine
from streaming.engine.whisper import WhisperEngine
from streaming.events import Final, Partial
from streaming.options import SessionConfig
from streaming.session import Session
from streaming.transcriber import Pace, Transcription
from streaming.vad import VadConfig, VadMode
from tests.protocol.sounds import encoded, silence, speech
from tests.support.tiny_whisper import ENGLISH, LARGE_V3, MULTILINGUAL, Contract, write_tiny_whisper
from tests.support.work import Client, serving

ENGLISH_ONLY = LanguageChoice(fixed="en")
DETECTED = LanguageChoice()


class Model(FakeEngine):
    """A fake engine with a name, and with what a GPU would tell."""

    def __init__(
        self,
        name: str,
        languages: Sequence[str],
        *,
        used: int | None = None,
        concurrency: int = 1,
        max_batch: int = 8,
    ) -> None:
        super().__init__(languages=languages, concurrency=concurrency, max_batch=max_batch)
        self._info = dataclasses.replace(self._info, model=name)
        self._used = used
        self.beams: list[int] = []

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        self.beams.append(beam)
        return super().decode(requests, beam=beam)

    def memory_used_bytes(self) -> int | None:
        return self._used

    def stage_seconds(self) -> Mapping[str, float]:
        return {"encoder": float(len(self.batches)), "decoder": 0.5}


def pair(
    large: Sequence[str] = ("en", "de", "yue"), small: Sequence[str] = ("en", "de")
) -> tuple[TieredEngine, Model, Model]:
    one, other = Model("large", large), Model("small", small)
    return TieredEngine(one, other), one, other


def request(
    kind: Kind = Kind.PARTIAL,
    language: LanguageChoice = ENGLISH_ONLY,
    *,
    task: Task = Task.TRANSCRIBE,
    again: bool = False,
) -> DecodeRequest:
    audio = np.random.default_rng(0).standard_normal(24_000).astype(np.float32) * 0.1
    return DecodeRequest(kind, 0, 0, 0, audio, language, task=task, again=again)


def asked(request: DecodeRequest, *models: Sequence[str]) -> str:
    """Which of the two decodes a request."""
    engine, large, small = pair(*models)
    engine.decode([request])
    assert len(large.batches) + len(small.batches) == 1
    return "large" if large.batches else "small"


@pytest.mark.parametrize(
    ("kind", "model"), [(Kind.PARTIAL, "small"), (Kind.EARLY, "large"), (Kind.FINAL, "large")]
)
def test_partials_are_the_small_ones_and_what_lasts_the_large_ones(kind: Kind, model: str) -> None:
    assert asked(request(kind)) == model


def test_a_second_look_is_the_large_ones() -> None:
    assert asked(request(Kind.FINAL, again=True)) == "large"


def test_translations_are_the_large_ones_throughout() -> None:
    assert asked(request(task=Task.TRANSLATE)) == "large"


@pytest.mark.parametrize(
    ("choice", "model"),
    [
        (LanguageChoice(fixed="de"), "small"),
        (LanguageChoice(fixed="de", confidence=0.93), "small"),
        (LanguageChoice(fixed="yue"), "large"),
    ],
)
def test_a_language_that_the_small_one_lacks_is_the_large_ones(
    choice: LanguageChoice, model: str
) -> None:
    assert asked(request(language=choice)) == model


@pytest.mark.parametrize(
    "choice",
    [DETECTED, LanguageChoice(current="de"), LanguageChoice(allowed=("en", "de"), before=("en",))],
)
def test_which_language_it_is_is_the_large_ones_to_find_out(choice: LanguageChoice) -> None:
    assert asked(request(language=choice)) == "large"


@pytest.mark.parametrize(
    ("choice", "model"),
    [
        (ENGLISH_ONLY, "small"),
        (LanguageChoice(fixed="de"), "large"),
        (DETECTED, "large"),
        (LanguageChoice(current="en"), "large"),
    ],
)
def test_an_english_model_is_asked_only_for_what_is_surely_english(
    choice: LanguageChoice, model: str
) -> None:
    assert asked(request(language=choice), ("en", "de"), ("en",)) == model


def test_no_batch_holds_requests_for_both() -> None:
    engine, *_ = pair()
    partial, early, final = (engine.batch_key(request(kind)) for kind in Kind)
    assert len({partial, early, final}) == 2
    foreign = engine.batch_key(request(language=LanguageChoice(fixed="yue")))
    assert foreign not in (engine.batch_key(request()),)


def test_answers_keep_their_order_and_beams_go_through() -> None:
    engine, large, small = pair()
    first, second = request(Kind.FINAL), dataclasses.replace(request(Kind.FINAL), start_sample=6400)
    answers = engine.decode([first, second], beam=5)
    assert [answer.text for answer in answers] == ["w0 w1 w2", "w1 w2 w3"]
    assert (large.beams, small.beams) == ([5], [])
    assert engine.decode([]) == []


def test_it_tells_of_both() -> None:
    large = Model("large", ("en", "de"), concurrency=2, max_batch=4)
    small = Model("small", ("en",), concurrency=2, max_batch=4)
    info = TieredEngine(large, small).info
    assert (info.model, info.partial_model) == ("large", "small")
    assert info.languages == ("en", "de"), "a small model must not take languages away"
    assert (info.concurrency, info.max_batch) == (2, 4), "the workers are shared, not doubled"
    assert large.info.partial_model is None


@pytest.mark.parametrize(
    ("large", "small", "both"), [(None, None, None), (900, 900, 900), (None, 7, 7), (8, 9, 9)]
)
def test_memory_of_one_device_is_not_counted_twice(
    large: int | None, small: int | None, both: int | None
) -> None:
    engine = TieredEngine(Model("large", ("en",), used=large), Model("small", ("en",), used=small))
    assert engine.memory_used_bytes() == both


def test_the_time_of_both_is_added_up() -> None:
    engine, *_ = pair()
    for kind in (Kind.PARTIAL, Kind.PARTIAL, Kind.FINAL):
        engine.decode([request(kind)])
    assert engine.stage_seconds() == {"encoder": 3.0, "decoder": 1.0}


def test_closing_closes_both_whatever_happens() -> None:
    engine, large, small = pair()
    engine.close()
    assert large.closed
    assert small.closed

    class Broken(FakeEngine):
        def close(self) -> None:
            raise RuntimeError("no")

    large = Model("large", ("en",))
    with pytest.raises(RuntimeError):
        TieredEngine(large, Broken()).close()
    assert large.closed


# -- with scheduler and session ------------------------------------------------------------------


def loudly(request: DecodeRequest) -> Hypothesis:
    """What the fake engine hears, in capitals."""
    heard = count_words(request)
    words = tuple(dataclasses.replace(word, text=word.text.upper()) for word in heard.words)
    return dataclasses.replace(heard, text=heard.text.upper(), words=words)


async def test_one_worker_serves_both() -> None:
    engine, large, small = pair()
    kinds = (Kind.PARTIAL, Kind.FINAL, Kind.PARTIAL, Kind.EARLY)
    clients = [Client(request(kind)) for kind in kinds]
    async with serving(engine) as scheduler, asyncio.timeout(20):
        for client in clients:
            scheduler.add(client)
        scheduler.wake()
        for client in clients:
            await client.served()
        assert scheduler.load.workers == 1
    assert {asked.kind for batch in small.batches for asked in batch} == {Kind.PARTIAL}
    assert {asked.kind for batch in large.batches for asked in batch} == {Kind.FINAL, Kind.EARLY}


async def test_a_session_shows_the_small_ones_words_and_keeps_the_large_ones() -> None:
    engine = TieredEngine(FakeEngine(loudly), FakeEngine())
    session = Session(SessionConfig(language="en"), vad=VadConfig(mode=VadMode.WEBRTC))

    async def sound() -> AsyncIterator[bytes]:
        yield encoded(speech(2_400)) + encoded(silence(1_200))

    async with serving(engine) as scheduler, asyncio.timeout(20):
        pace = Pace(backlog_ms=20_000, step_by_step=True)
        run = Transcription(session, scheduler, sound(), pace)
        events = [event async for event in run.events()]
    partials = [event for event in events if isinstance(event, Partial)]
    finals = [event for event in events if isinstance(event, Final)]
    assert partials[0].text.startswith("w")
    assert finals
    assert all(final.text.startswith("W") for final in finals)


# -- with models of the released ones' contracts -------------------------------------------------


Folders = Mapping[str, Path]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    def write(name: str, contract: Contract, seed: int, decoder_layers: int) -> Path:
        folder = tmp_path_factory.mktemp(name)
        return write_tiny_whisper(
            folder, contract, seed=seed, layers=3, decoder_layers=decoder_layers
        )

    return {
        "large-v3": write("large", LARGE_V3, 1, 3),
        # As released: the same tokens and mel bins, the decoder cut down.
        "large-v3-turbo": write("turbo", LARGE_V3, 2, 1),
        "base": write("base", MULTILINGUAL, 3, 3),
        "tiny.en": write("tiny", ENGLISH, 4, 1),
    }


def load(folders: Folders, large: str, small: str) -> Engine:
    (engine,) = load_engines(
        folders[large],
        DeviceChoice("cpu", (0,), "float32", large),
        name=large,
        workers=2,
        max_batch=3,
        partial=(folders[small], small),
    )
    return engine


@pytest.mark.parametrize(("large", "small"), [("large-v3", "large-v3-turbo"), ("base", "tiny.en")])
def test_each_answers_as_it_would_alone(folders: Folders, large: str, small: str) -> None:
    alone = {
        name: WhisperEngine(folders[name], name=name, compute_type="float32")
        for name in (large, small)
    }
    both = load(folders, large, small)
    for kind, name in ((Kind.PARTIAL, small), (Kind.FINAL, large), (Kind.EARLY, large)):
        batch = [request(kind)] * 2
        heard = [answer.text for answer in both.decode(batch)]
        assert heard == [answer.text for answer in alone[name].decode(batch)]
        assert heard[0]
    told = alone[small].decode([request()])[0].text, alone[large].decode([request()])[0].text
    assert told[0] != told[1], "the two can't be told apart"


def test_vocabularies_of_different_sizes_do_not_mix(folders: Folders) -> None:
    """A large-v3 decides over partials of base, whose special tokens are one off."""
    both = load(folders, "large-v3", "base")
    alone = WhisperEngine(folders["base"], name="base", compute_type="float32")
    assert both.decode([request()])[0].text == alone.decode([request()])[0].text
    cantonese = request(language=LanguageChoice(fixed="yue"))
    assert both.decode([cantonese])[0].language == "yue"
    assert len(both.info.languages) == 100


def test_the_large_one_detects_the_language_of_partials(folders: Folders) -> None:
    both = load(folders, "large-v3", "large-v3-turbo")
    alone = WhisperEngine(folders["large-v3"], name="large-v3", compute_type="float32")
    detecting = request(language=DETECTED)
    assert both.decode([detecting]) == alone.decode([detecting])


def test_the_time_of_both_is_counted(folders: Folders) -> None:
    both = load(folders, "large-v3", "large-v3-turbo")
    info = both.info
    assert (info.model, info.partial_model) == ("large-v3", "large-v3-turbo")
    assert (info.concurrency, info.max_batch) == (2, 3)
    before = sum(both.stage_seconds().values())
    both.decode([request()])
    between = sum(both.stage_seconds().values())
    both.decode([request(Kind.FINAL)])
    assert before < between < sum(both.stage_seconds().values())
