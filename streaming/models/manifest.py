"""What a cached model consists of: each file's size and SHA-256, and how to check a folder by it.

Two checks. The cheap one, made at every load, compares sizes and trusts a digest that was computed
while the file had the same size and modification time. The full one reads every byte. What the
cheap one trusts lies in a second small file beside the manifest, bound to that manifest by digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"
_VERIFIED = ".verified.json"
_FORMAT = 1
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The size in bytes and the SHA-256 (hex) of one file."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A model's name, where it came from, and its files."""

    name: str
    source: str
    files: Mapping[str, FileDigest]

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size_bytes for file in self.files.values())

    @property
    def digest(self) -> str:
        """A SHA-256 over the digests of all files: two equal ones are the same model."""
        lines = sorted(f"{file.sha256}  {name}\n" for name, file in self.files.items())
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Damage:
    """The first file found wrong and what is wrong with it; None as file: the manifest."""

    file: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.file or MANIFEST} {self.reason}"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into the folder; the caller makes it durable."""
    text = json.dumps(
        {
            "format": _FORMAT,
            "name": manifest.name,
            "source": manifest.source,
            "files": {
                name: {"size": file.size_bytes, "sha256": file.sha256}
                for name, file in sorted(manifest.files.items())
            },
        },
        indent=1,
    )
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest | Damage:
    """Return the folder's manifest, or what is wrong with it."""
    try:
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if raw["format"] != _FORMAT:
            return Damage(None, f"has format {raw['format']!r}, not {_FORMAT}")
        files = {
            str(name): FileDigest(int(file["size"]), str(file["sha256"]))
            for name, file in raw["files"].items()
        }
        if any(Path(name).name != name for name in files):
            return Damage(None, "names files outside its folder")
        return Manifest(str(raw["name"]), str(raw["source"]), files)
    except FileNotFoundError:
        return Damage(None, "is missing")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Damage(None, "can't be read")


def sha256_of(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """Return the file's SHA-256; ``on_bytes`` hears of each chunk's length."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            if on_bytes is not None:
                on_bytes(len(chunk))
    return digest.hexdigest()


def check_sizes(folder: Path, manifest: Manifest) -> Damage | None:
    """Return the first file that is missing or has another size, or None."""
    for name, expected in manifest.files.items():
        try:
            actual = (folder / name).stat().st_size
        except OSError:
            return Damage(name, "is missing")
        if actual != expected.size_bytes:
            return Damage(name, f"has {actual} bytes instead of {expected.size_bytes}")
    return None


def check_digests(
    folder: Path, manifest: Manifest, on_bytes: Callable[[int], None] | None = None
) -> Damage | None:
    """Read every byte; return the first file that differs, or None."""
    if damage := check_sizes(folder, manifest):
        return damage
    for name, expected in manifest.files.items():
        try:
            actual = sha256_of(folder / name, on_bytes)
        except OSError:
            return Damage(name, "can't be read")
        if actual != expected.sha256:
            return Damage(name, f"has SHA-256 {actual[:12]}… instead of {expected.sha256[:12]}…")
    return None


def remember_verified(folder: Path, manifest: Manifest) -> None:
    """Note that the digests of these very files have been checked.

    A folder that can't be written is checked in full at each load instead.
    """
    with contextlib.suppress(OSError):
        draft = folder / f"{_VERIFIED}.{os.getpid()}"
        draft.write_text(json.dumps(_fingerprint(folder, manifest)) + "\n", encoding="utf-8")
        draft.replace(folder / _VERIFIED)


def was_verified(folder: Path, manifest: Manifest) -> bool:
    """Return whether the digests were checked and no file has changed its time or size since."""
    try:
        noted = json.loads((folder / _VERIFIED).read_text(encoding="utf-8"))
        return bool(noted == _fingerprint(folder, manifest))
    except (OSError, ValueError):
        return False


def _fingerprint(folder: Path, manifest: Manifest) -> dict[str, object]:
    stats = {name: (folder / name).stat() for name in manifest.files}
    return {
        "manifest": manifest.digest,
        "files": {name: [info.st_size, info.st_mtime_ns] for name, info in stats.items()},
    }
