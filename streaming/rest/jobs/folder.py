"""Jobs on disk: a folder each, written so that whatever ends the process leaves them whole.

::

    lock                    held by the one server that serves this folder
    incoming-job_…/         an upload that is being received; removed at the next start
    job_…/job.json          replaced as a whole at every change
          audio             the recording, until the job is over
          finals.jsonl      what has been heard of it, until it is over
          transcript.json   what was heard

All calls block, and raise OSError where the disk won't do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from streaming.engine.base import EngineInfo
from streaming.rest.jobs.job import Job, is_id
from streaming.rest.jobs.progress import Progress

_INCOMING: Final = "incoming-"
_RECORD, _AUDIO, _FINALS, _TEXT = "job.json", "audio", "finals.jsonl", "transcript.json"
_MOST_RECORD_BYTES: Final = 1 << 20


class Folder:
    """Where the jobs of one server lie; nothing is there before :meth:`make`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path / "lock", thread_local=False, mode=0o600)

    @property
    def exists(self) -> bool:
        """Whether anybody has ever handed in a job here."""
        return self._path.is_dir()

    @property
    def mine(self) -> bool:
        """Whether it is this server's."""
        return self._lock.is_locked

    def make(self) -> bool:
        """Make the folder and take it; False while another server has it."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    def leave(self) -> None:
        """Let another server have it."""
        self._lock.release()

    def tidy(self) -> None:
        """Remove what was being received when the server before this one ended."""
        for path in self._path.glob(f"{_INCOMING}*"):
            shutil.rmtree(path, ignore_errors=True)

    def ids(self) -> list[str]:
        """Return the names of all jobs, those that can't be read included."""
        return sorted(path.name for path in self._path.iterdir() if is_id(path.name))

    def read(self, name: str) -> Job:
        """Read a job; ValueError where its file is damaged."""
        with (self._path / name / _RECORD).open("rb") as file:
            job = Job.load(file.read(_MOST_RECORD_BYTES))
        if job.id != name:
            raise ValueError("id: is another job's")
        return job

    def age_s(self, name: str, now: float) -> float:
        """Return how long nothing has changed in a job's folder."""
        return now - (self._path / name).stat().st_mtime

    def size(self, name: str) -> int:
        """Return what a job takes of the disk."""
        sizes = 0
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._path / name):
                sizes += entry.stat(follow_symlinks=False).st_size
        return sizes

    # -- coming in -----------------------------------------------------------------------------

    def begin(self, name: str) -> Path:
        """Make room for an upload; return the path for its recording."""
        folder = self._path / f"{_INCOMING}{name}"
        folder.mkdir(mode=0o700)
        return folder / _AUDIO

    def admit(self, job: Job) -> None:
        """An upload is complete: it is a job from now on, even if the power fails."""
        folder = self._path / f"{_INCOMING}{job.id}"
        with (folder / _AUDIO).open("rb") as audio:
            os.fsync(audio.fileno())
        _replace(folder / _RECORD, job.dump())
        folder.rename(self._path / job.id)
        _sync(self._path)

    def abandon(self, name: str) -> None:
        """An upload has come to nothing."""
        shutil.rmtree(self._path / f"{_INCOMING}{name}", ignore_errors=True)

    # -- from then on --------------------------------------------------------------------------

    def write(self, job: Job) -> None:
        """Keep a job as it is now."""
        _replace(self._path / job.id / _RECORD, job.dump())

    def audio(self, name: str) -> Path:
        """Return where a job's recording is."""
        return self._path / name / _AUDIO

    def progress(self, name: str, engine: EngineInfo) -> Progress:
        """Open what has been heard of a job so far."""
        return Progress(self._path / name / _FINALS, engine)

    def end(self, job: Job, transcript: bytes | None) -> None:
        """Keep a job that is over, with its text if there is one, and nothing else of it."""
        folder = self._path / job.id
        if transcript is not None:
            _replace(folder / _TEXT, transcript)
            self.write(job)
        for name in (_AUDIO, _FINALS):
            (folder / name).unlink(missing_ok=True)
        if transcript is None:  # last: a disk that is full has room by now
            self.write(job)

    def transcript(self, name: str) -> bytes:
        """Return a job's text."""
        return (self._path / name / _TEXT).read_bytes()

    def remove(self, name: str) -> None:
        """Leave nothing of a job."""
        with contextlib.suppress(FileNotFoundError):
            # First what makes it a job: one that is half removed is none.
            (self._path / name / _RECORD).unlink()
        shutil.rmtree(self._path / name, ignore_errors=True)


def _replace(path: Path, data: bytes) -> None:
    """Write a file that is at every moment either the old one or the new one."""
    other = path.with_suffix(".new")
    try:
        with _private(other) as file:
            _write_all(file, data)
            os.fsync(file)
        other.replace(path)
    except OSError:
        other.unlink(missing_ok=True)
        raise
    _sync(path.parent)


@contextlib.contextmanager
def _private(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _sync(folder: Path) -> None:
    """Have the names in a folder written, where the system knows how to."""
    with contextlib.suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
