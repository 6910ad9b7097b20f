from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from streaming.models.errors import CacheUnusable, FetchFailed
from streaming.models.manifest import FileDigest, Manifest, read_manifest, was_verified
from streaming.models.store import ModelStore
from tests.unit.models.fakes import sha256

MANIFEST = Manifest("tiny", "here", {"model.bin": FileDigest(3, sha256(b"abc"))})


def test_a_model_is_visible_only_once_installed(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    with store.writing("tiny", needed_bytes=1) as staging:
        (staging / "model.bin").write_bytes(b"abc")
        assert not store.has("tiny")
        store.install(staging, MANIFEST)
    assert store.has("tiny")
    assert read_manifest(store.folder("tiny")) == MANIFEST
    assert was_verified(store.folder("tiny"), MANIFEST)


def test_staging_lies_on_the_same_file_system(tmp_path: Path) -> None:
    with ModelStore(tmp_path / "new").writing("tiny", needed_bytes=1) as staging:
        assert staging.stat().st_dev == tmp_path.stat().st_dev
        assert staging.is_relative_to(tmp_path)


def test_a_failed_fetch_keeps_what_may_be_resumed(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    with (
        pytest.raises(ValueError, match="network"),
        store.writing("tiny", needed_bytes=1) as staging,
    ):
        (staging / "half").write_bytes(b"ab")
        raise ValueError("network")
    with store.writing("tiny", needed_bytes=1) as staging:
        assert (staging / "half").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_gives_its_space_back(tmp_path: Path, code: int) -> None:
    store = ModelStore(tmp_path)
    with (
        pytest.raises(CacheUnusable, match="no space left") as caught,
        store.writing("tiny", needed_bytes=3_100_000_000) as staging,
    ):
        (staging / "half").write_bytes(b"ab")
        raise OSError(code, "full")
    assert "3.1 GB" in caught.value.advice
    assert not staging.exists()


def test_another_error_of_the_file_system_says_what_to_set(tmp_path: Path) -> None:
    with (
        pytest.raises(CacheUnusable, match="Read-only file system") as caught,
        ModelStore(tmp_path).writing("tiny", needed_bytes=1),
    ):
        raise OSError(errno.EROFS, "Read-only file system")
    assert "WIRESCRIBE_MODELS_DIR" in caught.value.advice


def test_a_damaged_copy_gives_way_when_space_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path)
    store.folder("tiny").mkdir()
    aside = store.set_aside("tiny")

    def usage(path: Path) -> object:
        return type("Usage", (), {"free": 10 if aside.exists() else 1000})()

    monkeypatch.setattr("shutil.disk_usage", usage)
    store.require_space("tiny", 500)
    assert not aside.exists()
    with pytest.raises(CacheUnusable):
        store.require_space("tiny", 5000)


HOLDER = """
import sys
from pathlib import Path
from streaming.models.store import ModelStore

with ModelStore(Path(sys.argv[1])).writing("tiny", needed_bytes=1):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_is_between_processes_and_ends_with_its_holder(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        impatient = ModelStore(tmp_path, lock_timeout_s=0)
        with (
            pytest.raises(FetchFailed, match="another process") as caught,
            impatient.writing("tiny", needed_bytes=1),
        ):
            pass
        assert "tiny.lock" in caught.value.advice
        with impatient.writing("small", needed_bytes=1):
            pass  # another model's lock is free
        holder.kill()
    with impatient.writing("tiny", needed_bytes=1):
        pass
