"""``wirescribe serve``: its flags become settings; what it can't do it says before it starts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import streaming.serve
from streaming.settings import Settings
from tests.unit.cli.conftest import Command


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that a server was started with."""
    seen: list[Settings] = []

    def run(settings: Settings) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setattr(streaming.serve, "run", run)
    monkeypatch.setattr("streaming.logs.configure_logging", lambda *_, **__: None)
    return seen


def test_flags_become_settings(run: Command, served: list[Settings], tmp_path: Path) -> None:
    flags = {
        "--host": "::1",
        "--port": "0",
        "--max-sessions": "3",
        "--log-level": "debug",
        "--model": "tiny",
        "--device": "cpu",
        "--compute-type": "int8",
        "--models-dir": str(tmp_path),
    }
    assert run("serve", *(part for flag in flags.items() for part in flag)).status == 0

    (settings,) = served
    assert (settings.server.host, settings.server.port) == ("::1", 0)
    assert settings.limits.max_sessions == 3
    assert settings.server.log_level == "DEBUG"
    engine = settings.engine
    assert (engine.model, engine.device, engine.compute_type) == ("tiny", "cpu", "int8")
    assert engine.models_dir == tmp_path


def test_the_settings_in_force_are_shown_with_their_origin(
    run: Command, served: list[Settings], tmp_path: Path
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[limits]\nmax_sessions = 5\n", encoding="utf-8")
    result = run("serve", "--config", config, "--port", "9", "--print-config")

    assert result.status == 0
    assert not served
    assert "max_sessions = 5  # mine.toml" in result.out
    assert "port = 9  # command line" in result.out
    assert tomllib.loads(result.out)["vad"]["mode"] == "webrtc"  # from the fixture's environment


def test_a_bad_value_is_one_line_on_standard_error(run: Command, served: list[Settings]) -> None:
    result = run("serve", "--port", "70000")

    assert (result.status, result.out) == (1, "")
    assert result.err == (
        "wirescribe: server.port: 70000 (command line): "
        "input should be less than or equal to 65535\n"
    )
    assert not served


def test_help_names_about_ten_flags(run: Command) -> None:
    result = run("serve", "--help")

    assert result.status == 0
    flags = {word.strip("[,") for word in result.out.split() if word.strip("[").startswith("--")}
    assert {"--host", "--port", "--config", "--model", "--device", "--print-config"} <= flags
    assert len(flags) <= 12
