"""The settings written out: what is written can be read, and what is kept is up to date."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from streaming.cli.reference import BEGIN, default_file, in_force, with_chapter
from streaming.settings import SECTIONS, Settings
from streaming.sources import load_settings, read_settings

ROOT = Path(__file__).resolve().parents[3]
ANEW = "run: python -m streaming.cli.reference"


def test_the_chapter_of_the_documentation_is_up_to_date() -> None:
    document = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert BEGIN in document
    assert document == with_chapter(document), ANEW


def test_every_setting_stands_in_the_documentation() -> None:
    document = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    for section, section_type in SECTIONS.items():
        chapter = document.split(f"### `[{section}]`")[1].split("###")[0]
        for key in section_type.model_fields:
            assert f"| `{key}` |" in chapter


def test_the_file_of_defaults_is_up_to_date_and_says_nothing_else() -> None:
    path = ROOT / "config/default.toml"
    assert path.read_text(encoding="utf-8") == default_file(), ANEW
    assert load_settings(config=path, environ={}) == Settings()


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.toml")), ids=lambda p: p.name)
def test_every_file_of_settings_can_be_loaded(path: Path) -> None:
    settings = load_settings(config=path, environ={})
    assert (settings == Settings()) == (path.name == "default.toml")


def test_there_is_a_file_for_each_kind_of_server() -> None:
    names = {path.name for path in (ROOT / "config").glob("*.toml")}
    assert {"default.toml", "cpu.toml", "gpu.toml", "telephony.toml"} <= names


def test_what_is_in_force_can_be_read_back() -> None:
    given: dict[str, dict[str, object]] = {
        "server": {"host": 'odd "name"', "log_json": True},
        "engine": {"device_index": [0, 1], "models_dir": "/a\\b"},
    }
    settings, origins = read_settings(given, environ={"WIRESCRIBE_VAD__MODE": "webrtc"})
    text = in_force(settings, origins)

    assert load_settings(tomllib.loads(text), environ={}) == settings
    assert 'mode = "webrtc"  # WIRESCRIBE_VAD__MODE' in text
    assert "log_json = true  # command line" in text
    assert "port = 8000\n" in text
