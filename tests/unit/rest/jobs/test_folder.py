"""Jobs on disk: whole at every moment, private, and one server's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from streaming.rest.jobs.folder import Folder
from streaming.rest.jobs.job import Job, State
from tests.unit.rest.jobs.test_job import JOB


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "deep" / "jobs")
    assert not made.exists
    assert made.make()
    return made


def admitted(folder: Folder) -> Job:
    folder.begin(JOB.id).write_bytes(b"sound")
    folder.admit(JOB)
    return JOB


def test_from_upload_to_end(folder: Folder, tmp_path: Path) -> None:
    admitted(folder)
    assert folder.ids() == [JOB.id]
    assert folder.read(JOB.id) == JOB
    assert folder.audio(JOB.id).read_bytes() == b"sound"
    over = dataclasses.replace(JOB, state=State.COMPLETED, ended_at=9.0)
    folder.end(over, b"text")
    assert (folder.read(JOB.id), folder.transcript(JOB.id)) == (over, b"text")
    assert not folder.audio(JOB.id).exists()
    assert folder.size(JOB.id) == len(over.dump()) + 4
    for path in tmp_path.rglob("*.json"):
        assert path.stat().st_mode & 0o077 == 0
    folder.remove(JOB.id)
    assert (folder.ids(), folder.size(JOB.id)) == ([], 0)


def test_what_was_coming_in_is_swept_away(folder: Folder) -> None:
    folder.begin("job_" + "b" * 32).write_bytes(b"half")
    admitted(folder)
    folder.tidy()
    assert folder.ids() == [JOB.id]


def test_a_write_that_breaks_off_leaves_the_old_one(folder: Folder) -> None:
    admitted(folder)
    (folder.audio(JOB.id).parent / "job.new").write_bytes(b'{"half')
    assert folder.read(JOB.id) == JOB
    folder.write(dataclasses.replace(JOB, tries=2))
    assert folder.read(JOB.id).tries == 2


def test_a_file_under_another_name_is_none(folder: Folder) -> None:
    admitted(folder)
    other = "job_" + "c" * 32
    folder.audio(JOB.id).parent.rename(folder.audio(other).parent)
    with pytest.raises(ValueError):
        folder.read(other)


def test_one_server_has_it(folder: Folder, tmp_path: Path) -> None:
    second = Folder(tmp_path / "deep" / "jobs")
    assert not second.make()
    folder.leave()
    assert second.make()
    second.leave()
