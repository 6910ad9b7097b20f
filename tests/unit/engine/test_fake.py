"""The engine without a model: what it hears by default, and how it is scripted."""

from __future__ import annotations

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine, count_words

MS = 16


def request(
    start_ms: int = 0,
    *loud: bool,
    language: LanguageChoice | None = None,
    again: bool = False,
) -> DecodeRequest:
    """Audio of 400 ms for each flag, from a place in the stream on."""
    levels = np.repeat(np.array(loud, np.float32) * 0.3, 400 * MS)
    return DecodeRequest(
        kind=Kind.FINAL,
        channel=0,
        segment=0,
        start_sample=start_ms * MS,
        audio=levels,
        language=language or LanguageChoice(fixed="en"),
        again=again,
    )


def test_it_names_loud_stretches_by_their_place_in_the_stream() -> None:
    heard = count_words(request(800, True, False, True))
    assert heard.text == "w2 w4"
    assert [(word.text, word.start_ms, word.end_ms) for word in heard.words] == [
        (" w2", 0, 400), (" w4", 800, 1_200),
    ]  # fmt: skip


def test_a_window_that_begins_elsewhere_hears_the_same_words() -> None:
    whole, part = count_words(request(0, *[True] * 5)), count_words(request(500, *[True] * 3))
    assert part.text == "w2 w3"
    assert part.text in whole.text
    assert part.words[0].start_ms == 300


def test_silence_has_no_words() -> None:
    assert count_words(request(0, False, False)) == Hypothesis(
        "", (), "en", 1.0, average_logprob=-0.1, no_speech=0.05
    )


@pytest.mark.parametrize(
    "choice, language, confidence",
    [
        (LanguageChoice(fixed="de"), "de", 1.0),
        (LanguageChoice(current="fr"), "fr", 0.9),
        (LanguageChoice(), "en", 0.9),
    ],
)
def test_language(choice: LanguageChoice, language: str, confidence: float) -> None:
    heard = count_words(request(0, True, language=choice))
    assert (heard.language, heard.language_confidence) == (language, confidence)


def test_it_is_an_engine_and_records_what_it_was_asked() -> None:
    engine: Engine = FakeEngine(concurrency=3, max_batch=5, languages=("en",))
    one, two = request(0, True), request(400, True)
    assert [each.text for each in engine.decode([one, two], beam=5)] == ["w0", "w1"]
    assert isinstance(engine, FakeEngine)
    assert engine.batches == [[one, two]]
    info = engine.info
    assert (info.concurrency, info.max_batch, info.languages) == (3, 5, ("en",))
    assert engine.memory_used_bytes() is None
    assert engine.batch_key(one) == engine.batch_key(two)
    assert engine.batch_key(one) != engine.batch_key(request(0, True, again=True))
    engine.close()
    assert engine.closed


def test_what_the_script_raises_is_the_engines_failure() -> None:
    def script(asked: DecodeRequest) -> Hypothesis:
        raise MemoryError("CUDA")

    with pytest.raises(MemoryError):
        FakeEngine(script).decode([request(0, True)])
