"""What was heard before a kill is there afterwards, up to the first line that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.decoding import Word
from streaming.engine.fake import FakeEngine
from streaming.events import EndReason, Final
from streaming.rest.jobs.progress import Progress

ENGINE = FakeEngine().info


def final(start_ms: int, end_ms: int) -> Final:
    word = Word(" hé", start_ms, end_ms, 0.5)
    return Final(0, 0, start_ms, end_ms, "hé", 0.9, "en", 1.0, EndReason.END, (word,), 1)


def written(path: Path, *finals: Final) -> bytes:
    progress = Progress(path, ENGINE)
    for each in finals:
        progress.add(each)
    progress.close()
    return path.read_bytes()


def read(path: Path, model: FakeEngine | None = None) -> list[Final]:
    progress = Progress(path, (model or FakeEngine()).info)
    progress.close()
    return progress.finals


ALL = [final(0, 1_000), final(1_000, 2_500), final(4_000, 5_000)]


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "finals"
    written(path, *ALL[:2])
    progress = Progress(path, ENGINE)
    assert (progress.finals, progress.end_ms) == (ALL[:2], 2_500)
    progress.add(ALL[2])
    progress.close()
    assert read(path) == ALL


@pytest.mark.parametrize("cut", range(1, 200, 13))
def test_half_a_line_is_heard_again(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "finals"
    whole = written(path, *ALL)
    path.write_bytes(whole[:-cut])
    assert read(path) == ALL[:2]
    assert written(path, ALL[2]) == whole


def test_behind_damage_nothing_counts(tmp_path: Path) -> None:
    path = tmp_path / "finals"
    lines = written(path, *ALL).splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"\x00\xff\n", *lines[2:]]))
    assert read(path) == ALL[:1]
    path.write_bytes(b"".join([lines[0], lines[3], lines[1]]))
    assert read(path) == ALL[2:], "times go on"


def test_another_model_hears_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "finals"
    written(path, *ALL)
    path.write_bytes(path.read_bytes().replace(b'"fake"', b'"other"', 1))
    assert read(path) == []
