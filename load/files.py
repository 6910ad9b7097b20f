"""Files that are written where they were asked for."""

from __future__ import annotations

from pathlib import Path


def write(path: Path | None, text: str) -> None:
    """Writes a text in a folder that need not be there; nothing where no file was asked for."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
