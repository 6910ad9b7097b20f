"""Inputs worth keeping: a folder a target, a file an input, named by what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")


def folder_of(target: str, root: Path = FOLDER) -> Path:
    """Where a target's inputs are."""
    return root / target


def kept(target: str, root: Path = FOLDER) -> Iterator[bytes]:
    """Each input of a target, in the order of their names."""
    folder = folder_of(target, root)
    if folder.is_dir():
        yield from (file.read_bytes() for file in sorted(folder.iterdir()))


def keep(target: str, data: bytes, *, prefix: str = "", root: Path = FOLDER) -> Path:
    """Write an input down, once; ``prefix`` is ``crash-`` for what failed."""
    folder = folder_of(target, root)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (prefix + hashlib.sha256(data).hexdigest()[:16])
    file.write_bytes(data)
    return file
