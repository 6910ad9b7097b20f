"""A virtual environment for each peer, made once from its pinned list and kept in a cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

_MAKE_S = 120.0
_INSTALL_S = 1800.0
_DONE = "complete"


class EnvironmentFailed(Exception):
    """A peer's environment can't be made; says which step failed and its last words."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a peer's packages are, and from which list they come."""

    name: str
    requirements: Path
    cache: Path

    @property
    def folder(self) -> Path:
        """Named after the list's contents and the Python, so that a new list is a new folder."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        digest = hashlib.sha256(self.requirements.read_bytes()).hexdigest()[:12]
        return self.cache / f"{self.name}-py{version}-{digest}"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "bin" / "python"

    def make(self) -> Path:
        """Makes the environment unless it is complete, and returns its interpreter.

        Only what the list names is installed, as wheels: what a peer declares beyond it isn't
        needed for what is measured. Which index and which build of torch, is pip's configuration.
        """
        done = self.folder / _DONE
        if not done.exists():
            rmtree(self.folder, ignore_errors=True)
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._run("venv", [sys.executable, "-m", "venv", str(self.folder)], _MAKE_S)
            pip = [str(self.python), "-m", "pip", "install", "--no-deps", "--only-binary", ":all:"]
            self._run("pip install", [*pip, "-r", str(self.requirements)], _INSTALL_S)
            done.touch()
        return self.python

    def versions(self) -> dict[str, str]:
        """Pinned versions by package name, as the list has them."""
        lines = self.requirements.read_text(encoding="utf-8").splitlines()
        pins = (line.partition("#")[0].strip().partition("==") for line in lines)
        return {name: version for name, same, version in pins if same}

    def _run(self, step: str, command: list[str], limit_s: float) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - our own command, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise EnvironmentFailed(f"{self.name}: {step} took over {limit_s:g} s") from None
        if done.returncode:
            last = done.stdout.decode(errors="replace").strip().splitlines()[-3:]
            raise EnvironmentFailed(f"{self.name}: {step} failed: {' | '.join(last)}")


def default_cache() -> Path:
    """Beside other programs' caches."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "wirescribe" / "peers"
