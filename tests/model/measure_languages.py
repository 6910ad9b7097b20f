"""Measures what ``docs/languages.md`` says, over the recordings, with the embedded model.

``python -m tests.model.measure_languages detection``: how often the language is right, by how much
speech was heard, and by what had been heard before. ``errors``: error rates of every language,
whole recordings offline and in sessions. Both write Markdown; neither needs a server.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from unittest.mock import patch

from load.decode import read_audio
from load.manifest import Recording
from load.offline import Decoding, WhisperTranscriber
from load.text import CHARACTER_LANGUAGES
from load.wer import ErrorCount, count_errors, pooled
from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice
from streaming.engine.fake import FakeEngine
from streaming.engine.whisper import WhisperEngine
from streaming.language import choose_language
from streaming.models import resolve
from streaming.options import SessionConfig
from tests.support.listening import Samples, listen
from tests.support.recordings import embedded_model, recordings

_SECONDS = (1, 2, 3, 5, None)


class Listener(WhisperEngine):
    """The engine, but partials that ask for no language are not decoded: nobody reads them here."""

    detections = 0

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Decode one request of a session."""
        (request,) = requests
        asked = request.language.fixed is None
        self.detections += asked
        if request.kind is Kind.PARTIAL and not asked:
            code, confidence = choose_language(request.language, (), 0)
            return [Hypothesis("", (), code, confidence)]
        return super().decode(requests, beam=beam)


def main(arguments: Sequence[str]) -> int:
    """Measure one of the two, over all languages or those named."""
    parser = argparse.ArgumentParser(prog="python -m tests.model.measure_languages")
    parser.add_argument("what", choices=("detection", "errors"))
    parser.add_argument("languages", nargs="*")
    parser.add_argument("--beam", type=int, default=1, help="of finals and offline")
    asked = parser.parse_args(arguments)
    chosen = [
        recording
        for recording in recordings()
        if recording.texts[0] and recording.language in (asked.languages or [recording.language])
    ]
    files = resolve(embedded_model(), offline=True)
    engine = Listener(files.path, name=files.name)
    rows = _detection(engine, chosen) if asked.what == "detection" else None
    offline = WhisperTranscriber(files.path, device="cpu", compute_type="int8", threads=1)
    for row in rows or _errors(engine, offline, chosen, asked.beam):
        sys.stdout.write(f"| {' | '.join(row)} |\n")
        sys.stdout.flush()
    return 0


def _samples(recording: Recording) -> Samples:
    samples: Samples = read_audio(recording.path, 16_000)[0]
    return samples


# -- detection ---------------------------------------------------------------------------------


def _detection(engine: WhisperEngine, chosen: Sequence[Recording]) -> Iterator[list[str]]:
    """Of each recording's first segment so many seconds: how many are right, under each prior."""
    right: dict[tuple[int | None, str], int] = defaultdict(int)
    total: dict[int | None, int] = defaultdict(int)
    for recording in chosen:
        language = recording.language or ""
        for seconds, length, heard in _heard(engine, _samples(recording)):
            total[seconds] += 1
            for name, choice in _PRIORS.items():
                right[seconds, name] += _chosen(choice(language), heard, length) == language
    yield ["speech", "segments", *_PRIORS]
    yield ["---"] * (len(_PRIORS) + 2)
    for seconds in _SECONDS:
        shares = [
            f"{100 * right[seconds, name] / max(1, total[seconds]):.1f} %" for name in _PRIORS
        ]
        label = "whole segment" if seconds is None else f"{seconds} s"
        yield [label, str(total[seconds]), *shares]


def _chosen(choice: LanguageChoice, heard: Sequence[tuple[str, float]], length: int) -> str:
    return choose_language(choice, heard, length)[0]


def _other(language: str) -> str:
    return "de" if language == "en" else "en"


_NINE = ("en", "de", "fr", "es", "pt", "it", "zh", "ja", "ko")
_PRIORS: dict[str, Callable[[str], LanguageChoice]] = {
    "nothing heard before": lambda language: LanguageChoice(),
    "the same before": lambda language: LanguageChoice(current=language),
    "another before": lambda language: LanguageChoice(current=_other(language)),
    "another, and this one earlier": lambda language: LanguageChoice(
        current=_other(language), before=(language,)
    ),
    "nothing, among nine": lambda language: LanguageChoice(allowed=_NINE),
    "another, among two": lambda language: LanguageChoice(
        current=_other(language), allowed=(language, _other(language))
    ),
}


def _heard(
    engine: WhisperEngine, samples: Samples
) -> Iterator[tuple[int | None, int, list[tuple[str, float]]]]:
    """The detector's probabilities over the first seconds of the first segment, and all of it."""
    plain = SessionConfig(language="en", partials=False)
    for segment in listen(FakeEngine(), samples, plain).requests[:1]:
        for seconds in _SECONDS:
            end = None if seconds is None else seconds * 16_000
            if end is not None and len(segment.audio) < end:
                continue
            asked = dataclasses.replace(
                segment, audio=segment.audio[:end], language=LanguageChoice(), words=False
            )
            found: list[tuple[str, float]] = []

            def note(
                choice: LanguageChoice,
                probabilities: Sequence[tuple[str, float]],
                samples: int,
                found: list[tuple[str, float]] = found,
            ) -> tuple[str, float]:
                found += probabilities
                return choose_language(choice, probabilities, samples)

            with patch("streaming.engine.whisper.choose_language", note):
                engine.decode([asked])
            yield seconds, len(asked.audio), found


# -- error rates -------------------------------------------------------------------------------


def _errors(
    engine: Listener, offline: WhisperTranscriber, chosen: Sequence[Recording], beam: int
) -> Iterator[list[str]]:
    """Every language: rates offline and in sessions, with the language named and detected."""
    names = ("offline", "session, named", "session, detected")
    yield ["language", "tokens", *names, "segments in another language", "detections a minute"]
    yield ["---"] * (len(names) + 4)
    for language in sorted(
        {recording.language or "" for recording in chosen}, key=_NINE.index, reverse=True
    ):
        counts: dict[str, ErrorCount] = defaultdict(ErrorCount)
        segments = elsewhere = 0
        minutes = 0.0
        engine.detections = 0
        for recording in chosen:
            if recording.language != language:
                continue
            samples = _samples(recording)
            minutes += len(samples) / 16_000 / 60
            texts = offline.transcribe(samples, language, Decoding(beam))
            counts[names[0]] += _count(recording, texts)
            heard = listen(
                engine, samples, SessionConfig(language=language, partials=False), beam=beam
            )
            counts[names[1]] += _count(recording, [final.text for final in heard.finals])
            heard = listen(engine, samples, SessionConfig(), beam=beam)
            counts[names[2]] += _count(recording, [final.text for final in heard.finals])
            segments += len(heard.finals)
            elsewhere += sum(final.language != language for final in heard.finals)
        unit = "characters" if language in CHARACTER_LANGUAGES else "words"
        total = counts[names[0]].tokens
        rates = [f"{100 * (counts[name].rate or 0):.1f}" for name in names]
        yield [
            language,
            f"{total} {unit}",
            *rates,
            f"{elsewhere} of {segments}",
            f"{engine.detections / minutes:.0f}",
        ]


def _count(recording: Recording, texts: Sequence[str]) -> ErrorCount:
    return pooled([count_errors([recording.texts[0] or ""], texts, recording.language)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
