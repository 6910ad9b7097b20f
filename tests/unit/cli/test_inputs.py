"""Files, folders and standard input, as they were named."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.cli.inputs import find_inputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.MP3", "a.wav", "notes.txt", ".hidden.wav", "z/c.webm", ".git/d.wav", "y/e.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_is_its_media_files_sorted(folder: Path) -> None:
    found = find_inputs([str(folder)])

    assert [str(source.relative) for source in found] == ["a.wav", "b.MP3", str(Path("z/c.webm"))]
    assert [source.name for source in found] == [str(folder / source.relative) for source in found]
    assert not any(source.problem for source in found)


def test_a_file_named_outright_is_taken_whatever_it_is_called(folder: Path) -> None:
    (source,) = find_inputs([str(folder / "notes.txt")])
    assert source.problem is None
    assert source.relative == Path("notes.txt")


def test_the_order_is_that_of_the_arguments(folder: Path) -> None:
    found = find_inputs([str(folder / "z"), "-", str(folder / "a.wav")])
    assert [source.path for source in found] == [folder / "z/c.webm", None, folder / "a.wav"]


def test_what_is_not_there_is_a_problem_of_its_own(folder: Path) -> None:
    missing, empty = find_inputs([str(folder / "none.wav"), str(folder / "y")])
    assert missing.problem == f"{str(folder / 'none.wav')!r} does not exist"
    assert empty.problem == f"{str(folder / 'y')!r} holds no media files"


def test_links_that_lead_in_circles_are_not_followed(folder: Path) -> None:
    (folder / "z" / "up").symlink_to(folder, target_is_directory=True)
    assert len(find_inputs([str(folder)])) == 3
