"""The reference error rate: the same model over the same recordings, each decoded whole.

``faster_whisper.WhisperModel.transcribe`` pads every window to 30 s and sees the end before it
answers, so its error rate is what streaming is held against.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from load.decode import Samples
from load.programme import Programme
from load.text import CHARACTER_LANGUAGES
from load.wer import ErrorCount, count_errors, pooled
from load.wire import to_s16


@dataclass(frozen=True, slots=True)
class Decoding:
    """How the reference decodes; temperature falls back as ``transcribe`` does by default."""

    beam_size: int
    condition_on_previous_text: bool = True

    @property
    def name(self) -> str:
        """``greedy`` or ``beam5`` and the like."""
        base = "greedy" if self.beam_size == 1 else f"beam{self.beam_size}"
        return base if self.condition_on_previous_text else f"{base}-without-previous"


class Transcriber(Protocol):
    """Decodes mono float32 at 16 kHz to text."""

    def transcribe(self, samples: Samples, language: str | None, decoding: Decoding) -> list[str]:
        """The texts of the segments, in order."""


class WhisperTranscriber:
    """``faster_whisper``'s own pipeline over a local CTranslate2 model."""

    def __init__(self, model_dir: Path, *, device: str, compute_type: str, threads: int) -> None:
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            str(model_dir),
            device=device,
            compute_type=compute_type,
            cpu_threads=threads,
            local_files_only=True,
        )

    def transcribe(self, samples: Samples, language: str | None, decoding: Decoding) -> list[str]:
        """The texts of the segments, in order."""
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=decoding.beam_size,
            condition_on_previous_text=decoding.condition_on_previous_text,
        )
        return [segment.text for segment in segments]


@dataclass(frozen=True, slots=True)
class OfflineText:
    """What the reference made of one recording or one concatenated stream."""

    name: str
    files: tuple[str, ...]
    set: str
    language: str | None
    decoding: str
    references: tuple[str, ...]
    hypotheses: tuple[str, ...]
    count: ErrorCount
    seconds: float
    audio_s: float


def decode_programmes(
    transcriber: Transcriber, programmes: Sequence[Programme], decodings: Sequence[Decoding]
) -> Iterator[OfflineText]:
    """Each programme whole, with every decoding."""
    for programme in programmes:
        for decoding in decodings:
            yield _decode(transcriber, programme, decoding)


def _decode(transcriber: Transcriber, programme: Programme, decoding: Decoding) -> OfflineText:
    hypotheses: list[str] = []
    counts = []
    begun = time.perf_counter()
    for channel in range(programme.format.channels):
        # The same 16-bit samples that a stream would have carried.
        samples = to_s16(programme.samples[channel]).astype(np.float32) / 32768.0
        heard = transcriber.transcribe(samples, programme.language, decoding)
        said = [utterance.text for utterance in programme.of_channel(channel) if utterance.text]
        counts.append(count_errors(said, heard, programme.language))
        hypotheses += heard
    sets = {utterance.set for utterance in programme.utterances}
    return OfflineText(
        name=programme.name,
        files=tuple(utterance.file for utterance in programme.utterances),
        set=sets.pop() if len(sets) == 1 else "mixed",
        language=programme.language,
        decoding=decoding.name,
        references=tuple(u.text for u in programme.utterances if u.text),
        hypotheses=tuple(hypotheses),
        count=pooled(counts),
        seconds=round(time.perf_counter() - begun, 3),
        audio_s=round(programme.duration_s, 3),
    )


def summarise(texts: Sequence[OfflineText]) -> list[dict[str, Any]]:
    """Pooled rates by decoding: over each language, each set, and the words where none are."""
    rows = []
    for decoding in dict.fromkeys(text.decoding for text in texts):
        mine = [text for text in texts if text.decoding == decoding]
        groups: dict[tuple[str, str], list[OfflineText]] = {}
        for text in mine:
            language = text.language or "none"
            groups.setdefault((language, "all sets"), []).append(text)
            groups.setdefault((language, text.set), []).append(text)
        for (language, set_name), members in sorted(groups.items()):
            count = pooled(member.count for member in members)
            audio = sum(member.audio_s for member in members)
            rows.append(
                {
                    "decoding": decoding,
                    "language": language,
                    "set": set_name,
                    "unit": "characters" if language in CHARACTER_LANGUAGES else "words",
                    **asdict(count),
                    "rate": count.rate,
                    "audio_s": round(audio, 1),
                    "real_time_factor": round(sum(m.seconds for m in members) / audio, 3),
                }
            )
    return rows
