"""What ``transcribe`` was told to read: files, folders of files, standard input."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STDIN = "-"

# In a folder, only what bears one of these is tried; a file named outright is always tried.
_AUDIO = (
    "aac ac3 aif aifc aiff amr ape au awb caf dts eac3 flac gsm m4a m4b mka mp2 mp3 oga ogg opus "
    "ra snd spx tta voc w64 wav weba wma wv"
)
_VIDEO = "3g2 3gp asf avi flv m4v mkv mov mp4 mpeg mpg mts mxf ogv rm ts vob webm wmv"
SUFFIXES = frozenset(f".{suffix}" for suffix in f"{_AUDIO} {_VIDEO}".split())


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to transcribe.

    ``path`` is None for standard input. ``relative`` is where its transcript goes below an output
    folder. ``problem`` says why there is nothing to read, where that is known already.
    """

    name: str
    path: Path | None
    relative: Path
    problem: str | None = None


def find_inputs(given: Sequence[str]) -> list[Input]:
    """Return what the arguments name, folders replaced by the media files below them.

    A folder's files come sorted by path; hidden ones are left out and links to folders are not
    followed.
    """
    return [found for name in given for found in _expand(name)]


def _expand(name: str) -> Iterator[Input]:
    if name == STDIN:
        yield Input("standard input", None, Path("stdin"))
        return
    path = Path(name)
    if not path.is_dir():
        problem = None if path.exists() else f"{name!r} does not exist"
        yield Input(name, path, Path(path.name), problem)
        return
    files = sorted(_media_files(path))
    if not files:
        yield Input(name, path, Path(path.name), f"{name!r} holds no media files")
    for file in files:
        yield Input(str(file), file, file.relative_to(path))


def _media_files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            file = Path(place, name)
            if not name.startswith(".") and file.suffix.lower() in SUFFIXES:
                yield file
