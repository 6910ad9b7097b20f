"""Measures what is heard where nobody speaks, as ``docs/faithfulness.md`` says it.

``python -m tests.model.measure_nothing --minutes 60``: as much silence, hum, tones and music,
half of it as by telephone, through sessions with the embedded model, faster than it sounds. Kinds
in which something was taken for speech are listed. Exit status 1 when any text was shown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

import numpy as np

from load.decode import read_audio
from load.manifest import Recording
from streaming.engine.base import Engine
from streaming.engine.whisper import WhisperEngine
from streaming.events import SpeechStarted
from streaming.models import resolve
from streaming.options import SessionConfig
from tests.support.hold import Samples, sounds, telephone
from tests.support.listening import Heard, listen
from tests.support.recordings import embedded_model, recordings

_RATE = 16_000


def stretches(seconds: float, recorded: Sequence[Recording]) -> Iterator[tuple[str, Samples]]:
    """Every sound, made and recorded, for so long in all; each also as a telephone has it."""
    kinds = 2 * (len(list(sounds(0.01))) + len(recorded))
    each = seconds / kinds
    looped = (
        (one.path.name, np.resize(read_audio(one.path, _RATE)[0], int(each * _RATE)))
        for one in recorded
    )
    for name, samples in (*sounds(each), *looped):
        yield name, samples
        yield f"{name}, by telephone", telephone(samples)


def nothing(engine: Engine, samples: Samples, language: str | None) -> Heard:
    """What a session makes of a stretch and the second of silence behind it."""
    quiet = np.zeros(_RATE, np.float32)
    return listen(engine, np.concatenate([samples, quiet]), SessionConfig(language=language))


def main(arguments: Sequence[str]) -> int:
    """Measure, and write a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m tests.model.measure_nothing")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--language", help="detected without")
    asked = parser.parse_args(arguments)
    files = resolve(embedded_model(), offline=True)
    engine = WhisperEngine(files.path, name=files.name)
    recorded = [one for one in recordings() if one.set == "nonspeech" and one.duration_s > 1]
    shown = heard_s = 0.0
    sys.stdout.write("| sound | speech started | suppressed | partials | finals |\n|-|-|-|-|-|\n")
    for name, samples in stretches(asked.minutes * 60, recorded):
        heard = nothing(engine, samples, asked.language)
        heard_s += len(samples) / _RATE
        shown += len(heard.partials) + len(heard.finals)
        started = sum(isinstance(event, SpeechStarted) for event in heard.events)
        if started:
            reasons = ", ".join(one.reason for one in heard.suppressed) or "none"
            partials = " / ".join(one.text for one in heard.partials) or "none"
            sys.stdout.write(f"| {name} | {started} | {reasons} | {partials} | {heard.text} |\n")
            sys.stdout.flush()
    sys.stdout.write(f"\n{heard_s / 60:.1f} minutes, {shown:.0f} texts shown\n")
    return int(shown > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
