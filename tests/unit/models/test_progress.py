from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from streaming.models.progress import FetchProgress, folder_bytes, watch_folder


def test_a_folder_holds_what_its_files_hold(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"x" * 5000)
    (tmp_path / "deep" / "er" / "b").write_bytes(b"x" * 3000)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert folder_bytes(tmp_path) == 8000
    assert folder_bytes(tmp_path / "nowhere") == 0


@pytest.mark.skipif(not hasattr(os.stat_result, "st_blocks"), reason="no block counts here")
def test_a_file_laid_out_in_advance_counts_as_far_as_it_is_filled(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(50_000_000)
    assert folder_bytes(tmp_path) < 1_000_000


def test_a_watch_reports_until_it_is_left(tmp_path: Path) -> None:
    seen: list[FetchProgress] = []
    full = threading.Event()

    def report(step: FetchProgress) -> None:
        seen.append(step)
        if step.done_bytes == 100:
            full.set()

    with watch_folder(tmp_path, name="m", total_bytes=100, progress=report, interval_s=0.001):
        (tmp_path / "a").write_bytes(b"x" * 4000)
        assert full.wait(30)
    assert seen[-1] == FetchProgress("m", "download", 100, 100)
    assert all(step.done_bytes <= 100 for step in seen)
    assert "fetch-progress-m" not in {thread.name for thread in threading.enumerate()}


def test_nobody_listening_means_nobody_watching(tmp_path: Path) -> None:
    before = threading.active_count()
    with watch_folder(tmp_path, name="m", total_bytes=1, progress=None):
        assert threading.active_count() == before
