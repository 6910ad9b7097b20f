"""``wirescribe transcribe`` with the real model over real recordings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from load.manifest import Recording
from load.wer import count_errors, pooled
from tests.support.recordings import embedded_model, recordings
from tests.support.server import ROOT

pytestmark = [pytest.mark.model, pytest.mark.speech, pytest.mark.timeout(300)]

# Measured: 0.021. Room for another machine's rounding, and for how busy it is: a beam takes time.
MOST_ERRORS = 0.05


def transcribe(*arguments: str | Path, status: int = 0) -> str:
    """Run the command and return its standard output; nothing may stand on the other one."""
    command = [sys.executable, "-m", "streaming.cli", "transcribe", "--device", "cpu"]
    done = subprocess.run(
        [*command, "--model", embedded_model(), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, "")
    return done.stdout


def documents(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def of_set(name: str) -> list[Recording]:
    return [recording for recording in recordings() if recording.set == name]


def words_in_order(segments: Sequence[dict[str, Any]]) -> bool:
    times = [word["start_ms"] for segment in segments for word in segment["words"]]
    return times == sorted(times)


def test_read_speech_comes_out_as_it_was_read() -> None:
    chosen = of_set("librispeech_misc")
    said = documents(
        transcribe(*(one.path for one in chosen), "--format", "json", "--language", "en")
    )

    assert [one["file"] for one in said] == [str(one.path) for one in chosen]
    errors = pooled(
        count_errors([one.texts[0] or ""], [document["text"]], "en")
        for one, document in zip(chosen, said, strict=True)
    )
    assert errors.rate is not None
    assert errors.rate <= MOST_ERRORS
    for one, document in zip(chosen, said, strict=True):
        assert document["complete"] is True
        assert abs(document["duration_ms"] - one.duration_s * 1000) < 50
        assert words_in_order(document["segments"])


def test_a_minute_of_mp3_becomes_captions_in_a_folder(tmp_path: Path) -> None:
    poems = [one for one in of_set("longform_misc") if one.language == "en"][:2]
    output = transcribe(*(one.path for one in poems), "--format", "srt", "--output", tmp_path)

    assert output == ""
    for poem in poems:
        blocks = (tmp_path / f"{poem.path.stem}.srt").read_text(encoding="utf-8").split("\n\n")
        times = [re.findall(r"(\d+):(\d+):(\d+),(\d+)", block) for block in blocks if block]
        starts = [_ms(start) for start, _ in times]
        ends = [_ms(end) for _, end in times]
        assert starts == sorted(starts)
        assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
        assert ends[-1] <= poem.duration_s * 1000 + 7_000  # the last one stands to be read
        text = " ".join(line for block in blocks for line in block.split("\n")[2:])
        errors = count_errors([poem.texts[0] or ""], [text], "en")
        assert errors.rate is not None
        assert errors.rate <= 0.25  # a poem of 1609, and a small model


def _ms(clock: tuple[str, str, str, str]) -> int:
    hours, minutes, seconds, ms = map(int, clock)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


def test_each_channel_of_a_call_is_a_speaker() -> None:
    (call,) = of_set("librispeech_stereo")
    (document,) = documents(
        transcribe(call.path, "--speakers", "ann,bob", "--format", "json", "--language", "en")
    )

    for speaker, reference in zip(("ann", "bob"), call.texts, strict=True):
        said = [one["text"] for one in document["segments"] if one["speaker"] == speaker]
        assert count_errors([reference or ""], said, "en").errors <= 1


def test_sound_without_speech_has_no_text() -> None:
    quiet = [one.path for one in of_set("nonspeech") if one.path.suffix == ".wav"][:4]
    said = documents(transcribe(*quiet, "--format", "json", "--language", "en"))
    assert [one["text"] for one in said] == [""] * len(quiet)


def test_the_language_is_found_out() -> None:
    chosen = [one for one in of_set("longform_misc") if one.language in ("de", "es")]
    said = documents(transcribe(*(one.path for one in chosen), "--format", "json"))
    assert [one["language"] for one in said] == [one.language for one in chosen]
