"""The engine against real CTranslate2 models of every contract, tiny and randomly initialised."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice, Prefix, Task
from streaming.engine.whisper import WhisperEngine
from streaming.engine.windows import window_samples
from streaming.errors import EngineFault
from tests.support.tiny_whisper import (
    ENGLISH,
    LANGUAGES,
    LARGE_V3,
    MULTILINGUAL,
    Contract,
    write_tiny_whisper,
)

CONTRACTS = {"large-v3": LARGE_V3, "base": MULTILINGUAL, "base.en": ENGLISH}
_WIDTH = 32


class Recorder:
    """The loaded model, and every call that the engine makes of it."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.encoded: list[list[int]] = []
        self.prompts: list[list[list[int]]] = []
        self.aligned: list[list[int]] = []
        self.detections = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode(self, features: Any) -> Any:
        self.encoded.append(list(features.shape))
        return self._model.encode(features)

    def generate(self, features: Any, prompts: list[list[int]], **options: Any) -> Any:
        assert list(features.shape)[-1] == _WIDTH, "the encoder's output was not reused"
        self.prompts.append(prompts)
        return self._model.generate(features, prompts, **options)

    def align(self, features: Any, start: list[int], *rest: Any, **options: Any) -> Any:
        self.aligned.append(start)
        return self._model.align(features, start, *rest, **options)

    def detect_language(self, features: Any) -> Any:
        self.detections += 1
        return self._model.detect_language(features)


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """An engine, its contract, and what it asks of CTranslate2."""

    engine: WhisperEngine
    contract: Contract
    calls: Recorder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tiny")
    return {name: write_tiny_whisper(root / name, contract) for name, contract in CONTRACTS.items()}


@pytest.fixture(scope="module")
def engines(folders: dict[str, Path]) -> dict[str, WhisperEngine]:
    return {
        name: WhisperEngine(folder, name=name, compute_type="float32", workers=2)
        for name, folder in folders.items()
    }


@pytest.fixture
def watch(
    engines: dict[str, WhisperEngine], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Loaded]:
    """The engine of that name, and what it asks of CTranslate2 during this test."""

    def watched(name: str) -> Loaded:
        calls = Recorder(engines[name]._model)
        monkeypatch.setattr(engines[name], "_model", calls)
        return Loaded(engines[name], CONTRACTS[name], calls)

    return watched


@pytest.fixture(params=list(CONTRACTS))
def any_model(request: pytest.FixtureRequest, watch: Callable[[str], Loaded]) -> Loaded:
    return watch(request.param)


@pytest.fixture
def large(watch: Callable[[str], Loaded]) -> Loaded:
    return watch("large-v3")


@pytest.fixture
def english(watch: Callable[[str], Loaded]) -> Loaded:
    return watch("base.en")


def sound(seconds: float, seed: int = 1) -> npt.NDArray[np.float32]:
    """Noise that swells and fades: something for the features to differ by."""
    random = np.random.default_rng(seed)
    count = int(16_000 * seconds)
    swell = np.interp(np.arange(count) / 1600, np.arange(400), random.random(400))
    return (0.1 * swell * random.standard_normal(count)).astype(np.float32)


def request(
    seconds: float = 2.0,
    *,
    seed: int = 1,
    language: str | None = "en",
    kind: Kind = Kind.FINAL,
    **more: Any,
) -> DecodeRequest:
    choice = LanguageChoice(fixed=language) if language else LanguageChoice()
    return DecodeRequest(
        kind=kind,
        channel=0,
        segment=0,
        start_sample=0,
        audio=sound(seconds, seed),
        language=more.pop("choice", choice),
        **more,
    )


def decode_one(loaded: Loaded, one: DecodeRequest) -> Hypothesis:
    (answer,) = loaded.engine.decode([one])
    return answer


# -- the contracts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "tokens", "mel_bins", "no_timestamps"),
    [
        (LARGE_V3, 51_866, 128, 50_364),
        (MULTILINGUAL, 51_865, 80, 50_363),
        (ENGLISH, 51_864, 80, 50_362),
    ],
)
def test_the_tiny_models_keep_the_published_numbers(
    contract: Contract, tokens: int, mel_bins: int, no_timestamps: int
) -> None:
    assert contract.tokens == tokens
    assert contract.mel_bins == mel_bins
    assert contract.id("notimestamps") == no_timestamps
    assert contract.id("30.00") == tokens - 1


def test_large_v3_speaks_a_hundred_languages(large: Loaded) -> None:
    info = large.engine.info
    assert sorted(info.languages) == sorted(LANGUAGES)
    assert len(info.languages) == 100
    assert "yue" in info.languages
    assert large.calls.n_mels == 128


def test_the_others_speak_ninety_nine_or_one(engines: dict[str, WhisperEngine]) -> None:
    languages = engines["base"].info.languages
    assert len(languages) == 99
    assert "yue" not in languages
    assert engines["base.en"].info.languages == ("en",)


@pytest.mark.parametrize("language", ["en", "su", "yue"])
@pytest.mark.parametrize("task", list(Task))
def test_prompts_hold_the_shifted_tokens(large: Loaded, language: str, task: Task) -> None:
    hypothesis = decode_one(large, request(language=language, task=task))
    number = LARGE_V3.id
    expected = [50_258, number(language), number(task.value), 50_364]
    assert large.calls.prompts == [[expected]]
    assert large.calls.aligned == [expected[:-1]]
    assert hypothesis.language == language
    assert {"en": 50_259, "su": 50_357, "yue": 50_358}[language] == number(language)


def test_an_english_model_is_given_neither_language_nor_task(english: Loaded) -> None:
    hypothesis = decode_one(english, request(language=None, task=Task.TRANSLATE))
    assert english.calls.prompts == [[[50_257, 50_362]]]
    assert english.calls.aligned == [[50_257]]
    assert english.calls.detections == 0
    assert (hypothesis.language, hypothesis.language_confidence) == ("en", 1.0)


@pytest.mark.parametrize("seconds", [0.05, 0.7, 3.0, 29.8])
def test_any_length_is_heard(any_model: Loaded, seconds: float) -> None:
    answer = decode_one(any_model, request(seconds))
    duration_ms = round(seconds * 1000)
    assert answer.text
    assert answer.text == "".join(word.text for word in answer.words).strip()
    assert 0.0 <= answer.no_speech <= 1.0
    assert answer.average_logprob < 0.0
    last = 0
    for word in answer.words:
        assert word.start_ms is not None and word.end_ms is not None
        assert last <= word.start_ms <= word.end_ms <= duration_ms
        assert word.confidence is not None and 0.0 <= word.confidence <= 1.0
        last = word.end_ms


@pytest.mark.parametrize(
    ("seconds", "kind", "again", "window_s"),
    [
        (0.3, Kind.PARTIAL, False, 1.5),
        (0.3, Kind.FINAL, False, 2.5),
        (5.0, Kind.PARTIAL, False, 6.0),
        (5.0, Kind.FINAL, False, 7.0),
        (29.8, Kind.FINAL, False, 30.0),
        (0.3, Kind.FINAL, True, 15.0),
        (11.0, Kind.FINAL, True, 15.0),
        (11.1, Kind.FINAL, True, 30.0),
    ],
)
def test_the_window_is_as_long_as_the_speech(
    any_model: Loaded, seconds: float, kind: Kind, again: bool, window_s: float
) -> None:
    decode_one(any_model, request(seconds, kind=kind, again=again))
    assert any_model.calls.encoded == [[1, any_model.contract.mel_bins, round(100 * window_s)]]


def test_nothing_asked_is_nothing_done(large: Loaded) -> None:
    assert large.engine.decode([]) == []
    assert large.calls.encoded == []


def test_words_are_not_aligned_unless_wanted(large: Loaded) -> None:
    plain = decode_one(large, request(words=False))
    timed = decode_one(large, request(words=True))
    assert [word.text for word in plain.words] == [word.text for word in timed.words]
    assert all(word.start_ms is None and word.end_ms is None for word in plain.words)
    assert len(large.calls.aligned) == 1


def test_words_without_alignment_are_trusted_as_far_as_the_decoder_did(large: Loaded) -> None:
    plain = decode_one(large, request(words=False))
    sure = [word.confidence for word in plain.words]
    assert all(confidence is not None and 0 < confidence < 1 for confidence in sure)
    assert len(set(sure)) > 1


@pytest.mark.parametrize(
    "language, kind, most",
    [
        ("en", Kind.PARTIAL, 16),
        ("en", Kind.FINAL, 24),
        ("ja", Kind.FINAL, 32),
        ("hi", Kind.PARTIAL, 224),
    ],
)
def test_a_loop_is_cut_off_where_nobody_could_have_said_so_much(
    large: Loaded, language: str, kind: Kind, most: int
) -> None:
    answer = decode_one(large, request(2.0, language=language, kind=kind))
    assert answer.token_count <= most
    assert answer.looped == (answer.token_count >= most - 1)


# -- batches -----------------------------------------------------------------------------------


def together(loaded: Loaded, requests: Sequence[DecodeRequest]) -> list[Hypothesis]:
    """Decode in one call, having made sure that the engine allows it."""
    assert len({loaded.engine.batch_key(each) for each in requests}) == 1
    encoded, decoded = len(loaded.calls.encoded), len(loaded.calls.prompts)
    answers = loaded.engine.decode(requests)
    windows = loaded.calls.encoded[encoded:]
    assert len(loaded.calls.prompts) == decoded + 1, "a batch is one pass of the decoder"
    assert len(windows) == len(requests), "its windows go through the encoder one by one"
    return answers


def assert_alike(batched: Hypothesis, alone: Hypothesis) -> None:
    assert batched.text == alone.text
    assert batched.language == alone.language
    assert batched.looped == alone.looped
    assert batched.token_count == alone.token_count
    assert batched.average_logprob == pytest.approx(alone.average_logprob, abs=1e-3)
    assert batched.no_speech == pytest.approx(alone.no_speech, rel=1e-2, abs=1e-9)
    for one, other in zip(batched.words, alone.words, strict=True):
        assert (one.text, one.start_ms, one.end_ms) == (other.text, other.start_ms, other.end_ms)
        assert one.confidence == pytest.approx(other.confidence, abs=2e-3)


def test_a_row_does_not_hang_on_its_neighbours(large: Loaded) -> None:
    requests = [
        request(seed=1, language="ko", task=Task.TRANSLATE, kind=Kind.EARLY),
        request(seed=2, language="en", kind=Kind.EARLY),
        request(seed=3, choice=LanguageChoice(allowed=("de", "fr")), kind=Kind.EARLY),
        request(seed=4, language="it", kind=Kind.FINAL),
        request(seed=5, language="en", kind=Kind.FINAL),
    ]
    for batched, each in zip(together(large, requests), requests, strict=True):
        assert_alike(batched, decode_one(large, each))


def test_rows_with_and_without_word_times_go_together(large: Loaded) -> None:
    requests = [
        request(seed=seed, kind=Kind.PARTIAL, words=words)
        for seed, words in enumerate((True, False, True))
    ]
    for batched, each in zip(together(large, requests), requests, strict=True):
        assert_alike(batched, decode_one(large, each))
        assert all((word.start_ms is not None) == each.words for word in batched.words)
        assert all(word.confidence is not None for word in batched.words)


def test_behind_a_prefix_only_what_follows_is_heard(large: Loaded) -> None:
    prefix = Prefix(" it was a cold night", 800)
    plain, timed = (
        decode_one(large, request(words=words, again=True, prefix=prefix))
        for words in (False, True)
    )
    given = large.engine._tokenizer("en", "transcribe").encode(prefix.text)
    assert large.calls.prompts[-1][0][-len(given) :] == given
    assert [word.text for word in plain.words] == [word.text for word in timed.words]
    assert prefix.text.strip() not in plain.text
    assert plain.token_count <= 2 * 24
    assert all(0 < (word.confidence or 0) < 1 for word in plain.words)


def test_prefixes_of_any_length_go_together(large: Loaded) -> None:
    requests = [
        request(seed=1, prefix=Prefix(" it was a cold night", 800)),
        request(seed=2),
        request(seed=3, prefix=Prefix(" no", 300)),
    ]
    for batched, each in zip(together(large, requests), requests, strict=True):
        alone = decode_one(large, each)
        assert (batched.text, batched.token_count) == (alone.text, alone.token_count)
        assert batched.looped == alone.looped


def test_prompts_of_about_one_length_go_together(any_model: Loaded) -> None:
    requests = [
        request(seed=1, prompt="a"),
        request(seed=2, prompt="something said."),
        request(seed=3, hotwords=("Bo", "Alice", "Z")),
    ]
    answers = together(any_model, requests)
    assert len({len(prompt) for prompt in any_model.calls.prompts[0]}) == 1
    for batched, each in zip(answers, requests, strict=True):
        assert_alike(batched, decode_one(any_model, each))


def test_a_prompt_changes_what_is_heard(large: Loaded) -> None:
    plain = decode_one(large, request(8.0))
    prompted = decode_one(large, request(8.0, prompt="Something said before."))
    assert plain.text != prompted.text


def test_what_may_not_go_together_has_another_key(large: Loaded) -> None:
    key = large.engine.batch_key
    plain = request()
    assert key(plain) == key(request(seed=2, language="yue", task=Task.TRANSLATE))
    assert key(plain) != key(request(prompt="said before"))
    assert key(request(prompt="one")) != key(request(prompt="what was said before"))
    assert key(plain) != key(request(again=True))
    assert key(plain) == key(request(words=False))
    assert key(plain) != key(request(9.0))
    assert key(plain).alike == key(request(9.0)).alike


def test_rows_of_a_key_are_at_most_a_quarter_padding(large: Loaded) -> None:
    windows: dict[object, list[int]] = {}
    for tenths in range(1, 290, 3):
        one = request(tenths / 10)
        decoded = window_samples(one)
        windows.setdefault(large.engine.batch_key(one), []).append(decoded)
    for lengths in windows.values():
        assert min(lengths) >= 0.75 * max(lengths)


def test_rows_of_a_batch_are_encoded_at_their_own_length(large: Loaded) -> None:
    requests = [request(6.1, seed=1), request(7.4, seed=2), request(6.4, seed=3)]
    answers = together(large, requests)
    assert large.calls.encoded == [[1, 128, 850], [1, 128, 950], [1, 128, 850]]
    for answer, each in zip(answers, requests, strict=True):
        assert max(word.end_ms or 0 for word in answer.words) <= each.duration_ms


# -- caps --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "cap"), [(0.05, 13), (1.0, 18), (2.0, 24), (10.0, 72), (29.9, 192)]
)
@pytest.mark.parametrize("prompt_chars", [0, 1, 18, 19, 20, 40, 1_000])
def test_a_model_that_never_stops_is_stopped(
    large: Loaded, seconds: float, cap: int, prompt_chars: int
) -> None:
    answer = decode_one(large, request(seconds, prompt="p" * prompt_chars, words=False))
    assert answer.token_count == cap
    assert answer.looped


def test_each_row_of_a_batch_has_its_own_cap(large: Loaded) -> None:
    answers = together(large, [request(7.4, seed=1), request(6.4, seed=2)])
    assert [answer.token_count for answer in answers] == [57, 51]
    assert [len(answer.text.split()) for answer in answers] == [57, 51]
    assert all(answer.looped for answer in answers)


def test_caps_hold_for_beams_too(large: Loaded) -> None:
    requests = [request(7.4, seed=1), request(6.4, seed=2)]
    answers = large.engine.decode(requests, beam=3)
    assert [answer.token_count for answer in answers] == [57, 51]
    assert all(answer.looped and answer.words[-1].end_ms is not None for answer in answers)


def test_a_model_that_stops_in_time_has_not_looped(tmp_path: Path) -> None:
    folder = write_tiny_whisper(tmp_path, LARGE_V3, end_bias=60.0)
    engine = WhisperEngine(folder, name="brief", compute_type="float32")
    (answer,) = engine.decode([request(4.0)])
    assert 0 < answer.token_count < 36
    assert not answer.looped


# -- language ----------------------------------------------------------------------------------


def test_the_language_is_detected_among_all(large: Loaded) -> None:
    answer = decode_one(large, request(language=None))
    ((best, probability), *_) = large.calls.detect_language(_features(large, sound(2.0)))[0]
    assert f"<|{answer.language}|>" == best
    assert answer.language_confidence == pytest.approx(probability, abs=1e-3)
    assert len(large.calls._model.detect_language(_features(large, sound(2.0)))[0]) == 100


def test_the_language_is_detected_among_the_allowed(large: Loaded) -> None:
    answer = decode_one(large, request(choice=LanguageChoice(allowed=("yue", "fi"))))
    assert answer.language in ("yue", "fi")
    # What isn't allowed keeps its part of the doubt.
    (found,) = large.calls.detect_language(_features(large, sound(2.0)))
    allowed = [probability for token, probability in found if token in ("<|yue|>", "<|fi|>")]
    assert 0.0 <= answer.language_confidence <= 32 * sum(allowed) / (1 + 31 * sum(allowed)) + 1e-3


def test_a_fixed_language_needs_no_detection(large: Loaded) -> None:
    decode_one(large, request(language="yue"))
    assert large.calls.detections == 0


def _features(loaded: Loaded, audio: npt.NDArray[np.float32]) -> Any:
    encoded = loaded.engine._encoder.encode([dataclasses.replace(request(), audio=audio)])
    assert encoded.alone is not None
    return encoded.alone[0]


# -- life --------------------------------------------------------------------------------------


def test_threads_do_not_disturb_each_other(large: Loaded) -> None:
    requests = [request(1.0 + seed / 8, seed=seed, language=None) for seed in range(8)]
    alone = [decode_one(large, each) for each in requests]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda each: decode_one(large, each), requests))
    assert at_once == alone


def test_it_says_what_it_is(large: Loaded, folders: dict[str, Path]) -> None:
    info = large.engine.info
    assert (info.model, info.device, info.compute_type) == ("large-v3", "cpu", "float32")
    quantised = WhisperEngine(
        folders["large-v3"], name="x", compute_type="int8", workers=3, max_batch=5
    )
    assert quantised.info.compute_type.startswith("int8")
    assert (quantised.info.concurrency, quantised.info.max_batch) == (3, 5)


def test_memory_is_whatever_its_reader_says(
    folders: dict[str, Path], engines: dict[str, WhisperEngine]
) -> None:
    engine = WhisperEngine(
        folders["base"], name="x", compute_type="float32", memory=lambda: 9783 << 20
    )
    assert engine.memory_used_bytes() == 9783 << 20
    assert engines["base"].memory_used_bytes() is None


def test_a_closed_engine_decodes_no_more(folders: dict[str, Path]) -> None:
    engine = WhisperEngine(folders["base"], name="x", compute_type="float32")
    engine.close()
    with pytest.raises(EngineFault):
        engine.decode([request()])
