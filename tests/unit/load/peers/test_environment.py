from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from load.peers import whisperlive
from load.peers.environment import Environment, EnvironmentFailed, default_cache

PINNED = Path(whisperlive.__file__).parent


def wheel(folder: Path) -> Path:
    """A package with nothing but a module, so that no index is asked."""
    path = folder / "madeup_peer-1.2.3-py3-none-any.whl"
    info = "madeup_peer-1.2.3.dist-info"
    files = {
        "madeup_peer.py": "ANSWER = 42\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: madeup-peer\nVersion: 1.2.3\n"
        "Requires-Dist: not-to-be-found-anywhere\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = [f"{name},sha256={digest(text)},{len(text.encode())}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_an_environment_is_made_once_and_broken_ones_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    pins = tmp_path / "peer.txt"
    missing = tmp_path / "madeup_peer-1.2.3-py3-none-any.whl"
    pins.write_text(f"# a peer\nmadeup-peer @ {missing.as_uri()}\n", encoding="utf-8")
    environment = Environment("peer", pins, tmp_path / "cache")
    with pytest.raises(EnvironmentFailed, match="peer: pip install failed"):
        environment.make()
    wheel(tmp_path)
    python = environment.make()
    asked = [str(python), "-c", "import madeup_peer; print(madeup_peer.ANSWER)"]
    assert subprocess.run(asked, capture_output=True, check=True, text=True).stdout == "42\n"
    missing.unlink()
    assert environment.make() == python


def test_another_list_is_another_folder(tmp_path: Path) -> None:
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("a==1\n", encoding="utf-8")
    other.write_text("a==2\n", encoding="utf-8")
    folders = {Environment("a", path, tmp_path).folder for path in (one, other)}
    assert len(folders) == 2


def test_the_cache_follows_the_usual_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "wirescribe" / "peers"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache" / "wirescribe" / "peers"


@pytest.mark.parametrize(
    ("name", "package"), [("whisperlive", "whisper-live"), ("whisperlivekit", "whisperlivekit")]
)
def test_the_lists_pin_everything_once_and_name_no_index(name: str, package: str) -> None:
    path = PINNED / f"{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    versions = Environment(name, path, Path()).versions()
    assert len(versions) == len(pins)
    assert all(version.replace(".", "").isdigit() for version in versions.values()), versions
    assert pins[0].startswith(f"{package}==")
    assert {"faster-whisper", "ctranslate2", "torch", "onnxruntime"} <= versions.keys()
