"""A manifest of recordings with references: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any


class ManifestError(ValueError):
    """A manifest that can't be used; names the line and the field."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording and what is said in it.

    ``texts`` has one entry a channel that is scored: the verbatim text, or ``None`` for sound that
    is not speech. ``word_ends`` holds seconds, one per whitespace-separated word of ``texts[0]``,
    or nothing where no alignment is known.
    """

    path: Path
    file: str
    set: str
    language: str | None
    kind: str
    texts: tuple[str | None, ...]
    word_ends: tuple[float, ...]
    duration_s: float

    @property
    def is_speech(self) -> bool:
        """Whether words are expected of it."""
        return any(self.texts)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the first channel, verbatim."""
        return tuple((self.texts[0] or "").split())


def read_manifest(path: Path) -> list[Recording]:
    """Reads every line of ``path``; files are relative to its folder."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ManifestError(f"manifest {path} can't be read: {error.strerror}") from error
    return [
        parse_line(line, path.parent, number)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def parse_line(line: str, folder: Path, number: int = 1) -> Recording:
    """One line of a manifest; unknown fields are ignored."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ManifestError(f"line {number}: not JSON ({error})") from error
    if not isinstance(row, Mapping):
        raise ManifestError(f"line {number}: not a JSON object")
    for field in ("file", "set", "duration_s"):
        if field not in row:
            raise ManifestError(f"line {number}: field {field!r} is missing")
    texts = _texts(row)
    ends = tuple(float(end) for end in row.get("word_ends") or ())
    words = len((texts[0] or "").split())
    if ends and len(ends) != words:
        raise ManifestError(f"line {number}: {len(ends)} word_ends for {words} words")
    if any(later < earlier for earlier, later in pairwise(ends)):
        raise ManifestError(f"line {number}: word_ends don't grow")
    return Recording(
        path=folder / row["file"],
        file=row["file"],
        set=row["set"],
        language=row.get("language"),
        kind=row.get("kind", ""),
        texts=texts,
        word_ends=ends,
        duration_s=float(row["duration_s"]),
    )


def _texts(row: Mapping[str, Any]) -> tuple[str | None, ...]:
    channels = row.get("text_channels")
    if isinstance(channels, Sequence) and not isinstance(channels, str) and channels:
        return tuple(channels)
    return (row.get("text"),)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which recordings of a manifest to play; an empty field admits all."""

    sets: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    without_sets: frozenset[str] = frozenset()
    timed_only: bool = False
    longest_s: float | None = None

    def admits(self, recording: Recording) -> bool:
        """Whether ``recording`` is wanted."""
        return (
            (not self.sets or recording.set in self.sets)
            and (not self.languages or recording.language in self.languages)
            and (not self.kinds or recording.kind in self.kinds)
            and recording.set not in self.without_sets
            and (not self.timed_only or bool(recording.word_ends))
            and (self.longest_s is None or recording.duration_s <= self.longest_s)
        )

    def choose(self, recordings: Iterable[Recording]) -> list[Recording]:
        """The wanted ones, in the manifest's order; none is an error that says what was asked."""
        chosen = [recording for recording in recordings if self.admits(recording)]
        if not chosen:
            raise ManifestError(f"no recording matches {self}")
        return chosen
