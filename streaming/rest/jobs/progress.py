"""What of a job has been heard so far, line by line on disk: where another server goes on.

The first line says what heard it; each other one is a final. Lines are appended, so the last may
be half a line: what can't be read, and all behind it, is heard again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO
from typing import Final as Constant

from streaming.engine.base import EngineInfo
from streaming.events import Final
from streaming.finals import dump_final, load_final
from streaming.rest.jobs.job import FORM

_MOST_BYTES: Constant = 1 << 28


class Progress:
    """The finals of one job, in a file that they are added to as they come."""

    def __init__(self, path: Path, engine: EngineInfo) -> None:
        """Read what is there; it counts for nothing where another model heard it.

        Raises OSError where the file can't be written.
        """
        self.finals: list[Final] = []
        head = json.dumps({"form": FORM, "model": [engine.model, engine.compute_type]}) + "\n"
        kept = _read(path, head, self.finals)
        self._file: IO[bytes] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        self._file.truncate(kept)
        self._file.seek(kept)
        if not kept:
            self._write(head.encode())

    @property
    def end_ms(self) -> int:
        """Up to where the recording has been heard for good."""
        return self.finals[-1].end_ms if self.finals else 0

    def add(self, final: Final) -> None:
        """Keep one more; OSError where it doesn't fit on the disk."""
        self.finals.append(final)
        self._write(json.dumps(dump_final(final), ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Add no more."""
        self._file.close()

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()


def _read(path: Path, head: str, finals: list[Final]) -> int:
    """Read finals; return how many bytes of the file are good."""
    try:
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES).splitlines(keepends=True)
    except FileNotFoundError:
        return 0
    if not lines or lines[0] != head.encode():
        return 0
    good = len(lines[0])
    for line in lines[1:]:
        try:
            final = load_final(json.loads(line))
            if not line.endswith(b"\n") or not _follows(final, finals):
                break
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            break
        finals.append(final)
        good += len(line)
    return good


def _follows(final: Final, finals: list[Final]) -> bool:
    since = finals[-1].end_ms if finals else 0
    return isinstance(final.text, str) and since <= final.end_ms and final.start_ms >= 0
