from __future__ import annotations

from pathlib import Path

from load.files import write


def test_folders_are_made_and_the_last_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    write(path, "größer\n\n")
    assert path.read_text(encoding="utf-8") == "größer\n"


def test_nothing_is_written_where_nobody_asked(tmp_path: Path) -> None:
    write(None, "text")
    assert list(tmp_path.iterdir()) == []
