"""What was said in one recording, and how it is written down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streaming.captions import make_cues, to_json, to_srt, to_text, to_webvtt
from streaming.cli.formats import Format
from streaming.events import Final


@dataclass(slots=True)
class Transcript:
    """The finals of one source, in the order in which they came.

    ``complete`` is False where the sound was damaged or its transcription was interrupted.
    """

    name: str
    speakers: Mapping[int, str] = field(default_factory=dict)
    duration_ms: int = 0
    complete: bool = True
    finals: list[Final] = field(default_factory=list)

    @property
    def language(self) -> str | None:
        """The language most of it was spoken in, None where nothing was said."""
        spoken = Counter[str]()
        for final in self.finals:
            spoken[final.language] += final.end_ms - final.start_ms
        return spoken.most_common(1)[0][0] if spoken else None

    @property
    def words(self) -> int:
        """How many words were said."""
        return sum(final.word_count for final in self.finals)

    def written(self, form: Format, *, indent: int | None = None) -> str:
        """Return the whole transcript as a text that ends in a line break, or is empty.

        ``indent`` spreads JSON over lines; without it, it is one.
        """
        match form:
            case Format.TEXT:
                return to_text(self.finals, speakers=self.speakers)
            case Format.SRT:
                return to_srt(make_cues(self.finals, speakers=self.speakers))
            case Format.VTT:
                return to_webvtt(make_cues(self.finals, speakers=self.speakers))
            case Format.JSON:
                return json.dumps(self._data(), ensure_ascii=False, indent=indent) + "\n"

    def _data(self) -> dict[str, Any]:
        return {
            "file": self.name,
            "duration_ms": self.duration_ms,
            "language": self.language,
            "complete": self.complete,
            **to_json(self.finals, speakers=self.speakers),
        }
