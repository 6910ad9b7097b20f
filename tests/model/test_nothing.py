"""Nothing is invented: what silence, hum, tones and music make the real model say."""

from __future__ import annotations

import numpy as np
import pytest

from load.decode import read_audio
from streaming.engine.whisper import WhisperEngine
from streaming.models import resolve
from streaming.options import SessionConfig
from tests.model.measure_nothing import nothing
from tests.support.hold import Samples, sounds, telephone
from tests.support.listening import listen
from tests.support.recordings import embedded_model, recordings

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

_SECONDS = 6.0


@pytest.fixture(scope="module")
def engine() -> WhisperEngine:
    files = resolve(embedded_model(), offline=True)
    return WhisperEngine(files.path, name=files.name)


@pytest.mark.parametrize(
    ("name", "samples"), [pytest.param(*sound, id=sound[0]) for sound in sounds(_SECONDS)]
)
def test_no_text_is_ever_shown_where_nobody_speaks(
    engine: WhisperEngine, name: str, samples: Samples
) -> None:
    for heard in (
        nothing(engine, samples, None),
        nothing(engine, telephone(samples), "en"),
    ):
        assert ([one.text for one in heard.partials], heard.text) == ([], ""), name


@pytest.mark.speech
def test_one_word_alone_is_heard_on_a_telephone_as_well(engine: WhisperEngine) -> None:
    alone = {"six": "6", "five five": "5", "ten of clubs": "clubs", "Fire fox": "fire"}
    quiet = np.random.default_rng(1).normal(0, 1e-3, 24_000).astype(np.float32)
    for one in recordings():
        text = one.texts[0]
        if text not in alone or one.duration_s > 2.5:
            continue
        samples = np.concatenate([quiet, read_audio(one.path, 16_000)[0], quiet])
        for form in (samples, telephone(samples)):
            heard = listen(engine, form, SessionConfig(language="en"))
            assert heard.suppressed == [], one.path.name
            said = heard.text.lower().replace(",", "")
            assert alone[text] in said or text in said, (one.path.name, said)
