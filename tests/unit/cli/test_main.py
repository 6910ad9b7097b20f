"""The command as a whole: versions, help, wrong usage, and what it is without its script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streaming import __version__
from tests.unit.cli.conftest import Command

ROOT = Path(__file__).resolve().parents[3]


def test_the_version_is_that_of_the_package(run: Command) -> None:
    result = run("--version")
    assert (result.status, result.out) == (0, f"wirescribe {__version__}\n")


@pytest.mark.parametrize("command", ["serve", "transcribe", "listen", "models"])
def test_every_command_has_help(run: Command, command: str) -> None:
    assert command in run("--help").out
    result = run(command, "--help")
    assert result.status == 0
    assert result.out.startswith(f"usage: wirescribe {command}")


@pytest.mark.parametrize("arguments", [(), ("transcibe",), ("transcribe",), ("serve", "--prot")])
def test_wrong_usage_is_status_2_and_no_traceback(run: Command, arguments: tuple[str]) -> None:
    result = run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("usage: wirescribe")


def test_an_interrupt_is_status_130(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("streaming.cli.serve.read_settings_from", interrupted)
    assert run("serve").status == 130


def test_help_does_not_wait_for_the_model_libraries() -> None:
    code = (
        "import sys; from streaming.cli import main\n"
        "try: main(['transcribe', '--help'])\n"
        "except SystemExit: pass\n"
        "print({'ctranslate2', 'onnxruntime', 'av', 'uvicorn', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"
