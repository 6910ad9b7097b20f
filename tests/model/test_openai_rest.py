"""OpenAI's quick start with the real model over real speech, with only URL and key changed."""

from __future__ import annotations

import openai
import pytest

from load.wer import count_errors
from tests.support.recordings import recordings
from tests.support.server import ServerProcess

MOST_ERRORS = 0.1

pytestmark = [pytest.mark.model, pytest.mark.speech, pytest.mark.timeout(300)]


def test_the_quick_start_prints_the_right_words(server: ServerProcess) -> None:
    read = [each for each in recordings() if each.set == "librispeech_misc"][:5]
    said = []
    with openai.OpenAI(base_url=f"{server.http}/v1", api_key="none", max_retries=0) as client:
        for recording in read:
            heard = client.audio.transcriptions.create(
                model="gpt-4o-transcribe",
                file=recording.path,
                response_format="verbose_json",
                timestamp_granularities=["word"],
            )
            said.append(heard.text)
            assert heard.language == "english"
            assert heard.duration == pytest.approx(recording.duration_s, abs=0.1)
            assert heard.words
            assert heard.words[-1].end <= heard.duration + 0.1
    errors = count_errors([each.texts[0] or "" for each in read], said, "en")
    assert (errors.rate or 0.0) <= MOST_ERRORS
