"""The command as a whole: versions, help, wrong usage, and what it is without its script."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from streaming import __version__
from tests.unit.cli.conftest import Command, WriteWav, utterances

ROOT = Path(__file__).resolve().parents[3]


def test_the_version_is_that_of_the_package(run: Command) -> None:
    result = run("--version")
    assert (result.status, result.out) == (0, f"wirescribe {__version__}\n")


def test_where_only_the_client_is_installed_it_says_what_to_install(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    result = run("transcribe", "talk.wav")
    assert (result.status, result.out) == (1, "")
    assert result.err.endswith("need the server: pip install 'wirescribe[server]'\n")


@pytest.mark.parametrize("command", ["serve", "transcribe", "listen", "models", "doctor"])
def test_every_command_has_help(run: Command, command: str) -> None:
    assert command in run("--help").out
    result = run(command, "--help")
    assert result.status == 0
    assert result.out.startswith(f"usage: wirescribe {command}")


def test_what_is_shown_of_transcribe_can_be_done(
    run: Command, wav: WriteWav, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("talk.mp3", "call.wav", "calls/a.wav", "calls/b.wav", "lectures/a.wav"):
        wav(name, utterances(400), utterances(400))
    shown = run("transcribe", "--help").out
    shown += (ROOT / "README.md").read_text(encoding="utf-8")
    shown += (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    pattern = r"^(?:\$ |  )?(.* \| )?(?:\.venv/bin/)?wirescribe transcribe ([^#|>\n]+)"
    commands = re.findall(pattern, shown, re.MULTILINE)
    assert len(commands) >= 10
    for source, arguments in commands:
        # On standard input WAV is refused, which arecord writes unless told otherwise.
        assert "arecord" not in source or " -t raw " in source
        if not source:
            assert run("transcribe", *shlex.split(arguments)).status == 0, arguments


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
