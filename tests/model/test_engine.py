"""The Whisper engine with the real embedded model: what it hears, when, and how surely.

Silence needs no recordings; everything else plays the measuring ones.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from faster_whisper.audio import decode_audio

from load.manifest import Recording
from load.wer import count_errors, pooled
from streaming.decoding import (
    DecodeRequest,
    Hypothesis,
    Kind,
    LanguageChoice,
    Prefix,
    Task,
    Word,
)
from streaming.engine.whisper import WhisperEngine
from streaming.models import resolve
from tests.support.recordings import embedded_model, recordings

pytestmark = pytest.mark.model

Audio = npt.NDArray[np.float32]
Find = Callable[[str], Recording]


@pytest.fixture(scope="module")
def engine() -> WhisperEngine:
    files = resolve(embedded_model(), offline=True)
    return WhisperEngine(files.path, name=files.name, compute_type="int8", workers=2)


@pytest.fixture(scope="module")
def everything() -> list[Recording]:
    return recordings()


@pytest.fixture
def find(everything: list[Recording]) -> Find:
    """The recording whose file's name contains this."""

    def found(part: str) -> Recording:
        return next(recording for recording in everything if part in recording.file)

    return found


@cache
def audio_of(path: Path) -> Audio:
    audio: Audio = decode_audio(str(path))
    return audio


def request(
    audio: Audio, language: str | None = "en", *, kind: Kind = Kind.FINAL, **more: object
) -> DecodeRequest:
    choice = LanguageChoice(fixed=language) if language else LanguageChoice()
    return DecodeRequest(kind, 0, 0, 0, audio, choice, **more)  # type: ignore[arg-type]


def hear(engine: WhisperEngine, one: DecodeRequest) -> Hypothesis:
    (answer,) = engine.decode([one])
    return answer


def error_rate(references: list[str], texts: list[str], language: str = "en") -> float:
    pairs = zip(references, texts, strict=True)
    rate = pooled(count_errors([one], [other], language) for one, other in pairs).rate
    assert rate is not None
    return rate


def text_of(recording: Recording) -> str:
    text = recording.texts[0]
    assert text is not None
    return text


def read_english(everything: list[Recording]) -> list[Recording]:
    """Nine clear recordings of three kinds, 52 s."""
    chosen: list[Recording] = []
    for group in ("librispeech_misc", "ljspeech", "cmu_arctic"):
        of_group = [r for r in everything if r.set == group and r.duration_s < 9]
        chosen += sorted(of_group, key=lambda r: r.file)[:3]
    return chosen


@pytest.fixture(scope="module")
def heard(engine: WhisperEngine, everything: list[Recording]) -> list[tuple[Recording, Hypothesis]]:
    """The clear English recordings, decoded one by one."""
    return [(r, hear(engine, request(audio_of(r.path)))) for r in read_english(everything)]


# -- English -----------------------------------------------------------------------------------


@pytest.mark.speech
def test_read_english_is_understood(heard: list[tuple[Recording, Hypothesis]]) -> None:
    rate = error_rate([text_of(r) for r, _ in heard], [h.text for _, h in heard])
    assert rate <= 0.10
    assert not any(hypothesis.looped for _, hypothesis in heard)
    assert all(-0.6 < hypothesis.average_logprob < 0 for _, hypothesis in heard)


@pytest.mark.speech
def test_words_are_the_text_with_times_in_order(
    heard: list[tuple[Recording, Hypothesis]],
) -> None:
    for recording, hypothesis in heard:
        assert hypothesis.text == "".join(word.text for word in hypothesis.words).strip()
        assert all(word.text == " " + word.text.strip() for word in hypothesis.words)
        duration_ms = round(recording.duration_s * 1000)
        edges = [time for word in hypothesis.words for time in (word.start_ms, word.end_ms)]
        known = [time for time in edges if time is not None]
        assert len(known) == len(edges)
        assert [0, *known, duration_ms] == sorted([0, *known, duration_ms])
        assert all(0.0 <= (word.confidence or -1) <= 1.0 for word in hypothesis.words)


@pytest.mark.speech
def test_words_end_when_they_do(heard: list[tuple[Recording, Hypothesis]]) -> None:
    errors: list[float] = []
    for recording, hypothesis in heard:
        said = [word.strip(".,").lower() for word in recording.words]
        told = [word.text.strip(" .,").lower() for word in hypothesis.words]
        if said != told:
            continue  # pairing them needs no cleverness where all are right
        for word, end_s in zip(hypothesis.words, recording.word_ends, strict=True):
            assert word.end_ms is not None
            errors.append(word.end_ms - 1000 * end_s)
    assert len(errors) >= 40
    # The references' own error is about 50 ms, and they lead: they too are taken from attention.
    assert np.median(np.abs(errors)) <= 80
    assert np.percentile(np.abs(errors), 90) <= 250


@pytest.mark.speech
def test_a_pause_belongs_to_no_word(engine: WhisperEngine, find: Find) -> None:
    first, second = (audio_of(find(f"1089-{part}").path) for part in ("134691-0000", "134686-0001"))
    hush = 1e-4 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    words = hear(engine, request(np.concatenate([hush, first, hush, second, hush]))).words
    starts = [word.start_ms or 0 for word in words]
    ends = [word.end_ms or 0 for word in words]
    pauses = [start - end for end, start in zip(ends, starts[1:], strict=False)]
    before = pauses.index(max(pauses)) + 1
    assert [word.text.strip(" .,") for word in words[before - 1 : before + 1]] == [
        "longer",
        "Stuff",
    ]
    first_ms, second_ms = len(first) // 16, len(second) // 16
    assert starts[0] >= 1000
    assert ends[before - 1] <= 1000 + first_ms
    assert starts[before] >= 2000 + first_ms
    assert ends[-1] <= 2000 + first_ms + second_ms


@pytest.mark.speech
def test_confidence_falls_where_words_are_unsure(
    heard: list[tuple[Recording, Hypothesis]], engine: WhisperEngine
) -> None:
    clear = np.mean([w.confidence or 0 for _, h in heard for w in h.words])
    recording, _ = heard[0]
    audio = audio_of(recording.path)
    noise = np.random.default_rng(0).standard_normal(len(audio)).astype(np.float32)
    noisy = hear(engine, request(audio + np.std(audio) * noise))
    assert clear > 0.8
    assert np.mean([word.confidence or 0 for word in noisy.words] or [0.0]) < clear - 0.1


# -- batches, padding, threads -----------------------------------------------------------------


@pytest.mark.speech
def test_half_a_recording_goes_on_from_the_words_of_the_other_half(
    engine: WhisperEngine, heard: list[tuple[Recording, Hypothesis]]
) -> None:
    together, alone = [], []
    for recording, whole in heard:
        middle = len(whole.words) // 2
        if middle < 2:
            continue
        until = whole.words[middle].start_ms
        assert until is not None
        prefix = Prefix("".join(word.text for word in whole.words[:middle]), until)
        rest = hear(engine, request(audio_of(recording.path), again=True, prefix=prefix))
        alone.append(whole.text)
        together.append(prefix.text + " " + rest.text)
        assert rest.token_count < whole.token_count
        assert all(-4 < each.average_logprob <= 0 for each in (rest, whole))
    assert len(alone) >= 5
    assert error_rate(alone, together) <= 0.04


@pytest.mark.speech
def test_a_batch_hears_what_each_row_alone_does(
    engine: WhisperEngine, heard: list[tuple[Recording, Hypothesis]]
) -> None:
    by_key: dict[object, list[tuple[DecodeRequest, Hypothesis]]] = {}
    for recording, alone in heard:
        one = request(audio_of(recording.path))
        by_key.setdefault(engine.batch_key(one), []).append((one, alone))
    assert max(len(rows) for rows in by_key.values()) >= 2
    alone_texts, batch_texts = [], []
    for rows in by_key.values():
        for (_, alone), batched in zip(rows, engine.decode([one for one, _ in rows]), strict=True):
            alone_texts.append(alone.text)
            batch_texts.append(batched.text)
    assert error_rate(alone_texts, batch_texts) <= 0.04


@pytest.mark.speech
def test_more_padding_changes_little(
    engine: WhisperEngine, heard: list[tuple[Recording, Hypothesis]]
) -> None:
    """A row may be padded to the longest one of its batch, by a third at most."""
    padded = []
    for recording, _ in heard:
        audio = audio_of(recording.path)
        silence = np.zeros(len(audio) // 3, dtype=np.float32)
        padded.append(hear(engine, request(np.concatenate([audio, silence]), words=False)).text)
    assert error_rate([hypothesis.text for _, hypothesis in heard], padded) <= 0.05


@pytest.mark.speech
def test_the_whole_window_hears_the_same(
    engine: WhisperEngine, heard: list[tuple[Recording, Hypothesis]]
) -> None:
    few = heard[:4]
    whole = [hear(engine, request(audio_of(r.path), words=False, again=True)) for r, _ in few]
    assert error_rate([short.text for _, short in few], [one.text for one in whole]) <= 0.1


@pytest.mark.speech
def test_four_threads_at_once(
    engine: WhisperEngine, heard: list[tuple[Recording, Hypothesis]]
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: hear(engine, request(audio_of(pair[0].path))), heard))
    for (_, alone), answer in zip(heard, answers, strict=True):
        assert answer.text == alone.text


@pytest.mark.speech
def test_a_partial_hears_the_beginning(engine: WhisperEngine, find: Find) -> None:
    recording = find("1089-134686-0000")
    for seconds, words in ((2, 6), (4, 12)):
        audio = audio_of(recording.path)[: 16_000 * seconds]
        partial = hear(engine, request(audio, kind=Kind.PARTIAL, words=False))
        said = " ".join(recording.words[:words])
        assert error_rate([said], [partial.text]) <= 0.35
        assert all(word.start_ms is None for word in partial.words)


# -- languages ---------------------------------------------------------------------------------

SPOKEN = {
    "en": "librispeech_misc/1089-134686-0000",
    "de": "picovoice_multi/leopard_test_de",
    "fr": "picovoice_multi/leopard_test_fr",
    "es": "picovoice_multi/leopard_test_es",
    "pt": "picovoice_multi/leopard_test_pt",
    "it": "picovoice_multi/leopard_test_it",
    "zh": "short_misc/aishell",
    "ja": "picovoice_multi/leopard_test_ja",
    "ko": "picovoice_multi/leopard_test_ko",
}


@pytest.fixture(scope="module")
def detected(engine: WhisperEngine, everything: list[Recording]) -> dict[str, Hypothesis]:
    """A recording of each language, decoded without a word about which it is."""
    chosen = {
        language: next(r for r in everything if part in r.file) for language, part in SPOKEN.items()
    }
    return {
        language: hear(engine, request(audio_of(recording.path), None))
        for language, recording in chosen.items()
    }


@pytest.mark.speech
def test_nine_languages_are_told_apart(detected: dict[str, Hypothesis]) -> None:
    assert {spoken: answer.language for spoken, answer in detected.items()} == {
        language: language for language in SPOKEN
    }
    assert all(0.5 < answer.language_confidence <= 1 for answer in detected.values())


@pytest.mark.speech
@pytest.mark.parametrize(("language", "most"), [("zh", 0.4), ("ja", 0.3), ("ko", 0.5), ("de", 0.4)])
def test_other_languages_are_understood(
    detected: dict[str, Hypothesis], find: Find, language: str, most: float
) -> None:
    said = text_of(find(SPOKEN[language]))
    text = detected[language].text
    if language == "zh":
        text = text.translate(str.maketrans("廣產間協會", "广产间协会"))
    assert error_rate([said], [text], language) <= most


@pytest.mark.speech
@pytest.mark.parametrize("language", ["zh", "ja", "ko"])
def test_scripts_without_spaces_have_words_too(
    detected: dict[str, Hypothesis], language: str
) -> None:
    answer = detected[language]
    assert answer.text == "".join(word.text for word in answer.words).strip()
    assert len(answer.words) >= 5
    assert "\ufffd" not in answer.text
    bare = [word.text.strip(" 。、，,.") for word in answer.words]
    assert all(bare)
    if language != "ko":
        assert sum(len(word) for word in bare) / len(bare) < 2.5
    ends = [word.end_ms or 0 for word in answer.words]
    assert ends == sorted(ends)


@pytest.mark.speech
@pytest.mark.parametrize("language", ["de", "ja"])
def test_translation_is_english(engine: WhisperEngine, find: Find, language: str) -> None:
    audio = audio_of(find(SPOKEN[language]).path)
    answer = hear(engine, request(audio, None, task=Task.TRANSLATE))
    assert answer.language == language
    assert answer.text.isascii()
    assert {"the", "of", "a", "is", "was", "as"} & set(answer.text.lower().split())
    assert [word.text.strip() for word in answer.words] == answer.text.split()


@pytest.mark.speech
def test_languages_and_tasks_mix_in_one_batch(engine: WhisperEngine, find: Find) -> None:
    korean = audio_of(find(SPOKEN["ko"]).path)
    german = audio_of(find(SPOKEN["de"]).path)[: len(korean)]
    requests = [
        request(german, "de"),
        request(german, None, task=Task.TRANSLATE),
        request(korean, None),
    ]
    assert len({engine.batch_key(one) for one in requests}) == 1
    answers = engine.decode(requests)
    assert [answer.language for answer in answers] == ["de", "de", "ko"]
    alone = [hear(engine, one).text for one in requests]
    assert error_rate(alone, [answer.text for answer in answers]) <= 0.1


# -- prompts -----------------------------------------------------------------------------------


@pytest.mark.speech
def test_prompts_help_and_do_not_leak(engine: WhisperEngine, find: Find) -> None:
    recording = find("1089-134691-0000")
    audio = audio_of(recording.path)
    plain = hear(engine, request(audio)).text
    prompted = hear(
        engine,
        request(
            audio, prompt="The quarterly budget was presented.", hotwords=("Kubernetes", "Zoë")
        ),
    ).text
    for word in ("budget", "quarterly", "Kubernetes", "Zoë"):
        assert word not in prompted
    assert error_rate([plain], [prompted]) <= 0.2


@pytest.mark.speech
@pytest.mark.parametrize(
    ("part", "name"),
    [("cmu_arctic_us_aew_a0002", "Whittemore"), ("LJ001-0007", "Gutenberg")],
)
def test_a_hotword_is_spelt_as_given(
    engine: WhisperEngine, find: Find, part: str, name: str
) -> None:
    audio = audio_of(find(part).path)
    assert name not in hear(engine, request(audio, words=False)).text
    assert name in hear(engine, request(audio, words=False, hotwords=(name,))).text


# -- nothing said ------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0])
def test_silence_is_unlikely_speech(engine: WhisperEngine, seconds: float) -> None:
    answer = hear(engine, request(np.zeros(int(16_000 * seconds), dtype=np.float32), None))
    assert not answer.looped
    assert answer.text == "" or answer.average_logprob < -0.6 or answer.no_speech > 0.6
    assert all(_ordered(pair) for pair in pairwise(answer.words))


def _ordered(pair: tuple[Word, Word]) -> bool:
    one, other = pair
    return (one.end_ms or 0) <= (other.start_ms or 0)
