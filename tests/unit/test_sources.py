"""Where settings come from, which wins, and what is said of those that can't be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from streaming.endpointing import PRESETS, Preset
from streaming.errors import BadConfiguration
from streaming.settings import Settings
from streaming.sources import load_settings, read_settings
from streaming.vad import VadMode


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text('[server]\nport = 1001\nhost = "file"\ndrain_s = 1\n', encoding="utf-8")
    return path


def refused(
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    *,
    config: Path | None = None,
    **environ: str,
) -> BadConfiguration:
    with pytest.raises(BadConfiguration) as caught:
        load_settings(overrides, config=config, environ=environ)
    assert "\n" not in str(caught.value)
    return caught.value


def test_without_anything_all_is_default() -> None:
    assert load_settings(environ={}) == Settings()


def test_command_line_beats_environment_beats_file_beats_default(toml: Path) -> None:
    environ = {"WIRESCRIBE_SERVER__HOST": "environment", "WIRESCRIBE_SERVER__PORT": "1002"}
    settings = load_settings({"server": {"port": 1003}}, config=toml, environ=environ)

    assert settings.server.port == 1003
    assert settings.server.host == "environment"
    assert settings.server.drain_s == 1
    assert settings.server.ping_timeout_s == 20


def test_each_value_is_known_to_come_from_its_place(toml: Path) -> None:
    environ = {"WIRESCRIBE_SERVER__HOST": "here"}
    _, origins = read_settings({"server": {"port": 1}}, config=toml, environ=environ)

    assert {key: origin.source for key, origin in origins.items()} == {
        ("server", "port"): "command line",
        ("server", "host"): "WIRESCRIBE_SERVER__HOST",
        ("server", "drain_s"): "my.toml",
    }


def test_the_file_may_be_named_by_the_environment(toml: Path, tmp_path: Path) -> None:
    environ = {"WIRESCRIBE_CONFIG": str(toml)}
    assert load_settings(environ=environ).server.port == 1001

    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 5\n", encoding="utf-8")
    assert load_settings(config=other, environ=environ).server.port == 5


def test_text_of_the_environment_becomes_what_the_setting_is() -> None:
    settings = load_settings(
        environ={
            "WIRESCRIBE_ENGINE__CALIBRATION": "0.9, 0.4, -0.1",
            "WIRESCRIBE_ENGINE__DEVICE_INDEX": "0, 2",
            "WIRESCRIBE_ENGINE__OFFLINE": "true",
            "WIRESCRIBE_ENGINE__WORD_LEAD_MS": "-90",
            "WIRESCRIBE_ENGINE__MODELS_DIR": "/somewhere",
            "WIRESCRIBE_VAD__MODE": "silero",
            "WIRESCRIBE_LIMITS__MAX_RATE": "1.5",
            "WIRESCRIBE_SERVER__LOG_JSON": "false",
        }
    )

    assert settings.engine.calibration == (0.9, 0.4, -0.1)
    assert settings.engine.device_index == (0, 2)
    assert settings.engine.offline is True
    assert settings.engine.word_lead_ms == -90
    assert settings.engine.models_dir == Path("/somewhere")
    assert settings.vad.mode is VadMode.SILERO
    assert settings.limits.max_rate == 1.5
    assert settings.server.log_json is False


def test_the_home_folder_may_be_written_short() -> None:
    settings = load_settings({"engine": {"models_dir": "~/models"}}, environ={})
    assert settings.engine.models_dir == Path.home() / "models"


@pytest.mark.parametrize(
    "name",
    [
        "WIRESCRIBE_PORT",
        "WIRESCRIBE_SERVICE_HOST",
        "WIRESCRIBE_PORT_8000_TCP_ADDR",
        "WIRESCRIBE_MODELS_DIR",
        "WIRESCRIBE_SPEECH_DIR",
        "PATH__TO",
    ],
)
def test_variables_of_others_are_left_alone(name: str) -> None:
    assert load_settings(environ={name: "tcp://10.0.0.1:8000"}) == Settings()


def test_an_empty_variable_is_not_set() -> None:
    environ = {"WIRESCRIBE_SERVER__PORT": "", "WIRESCRIBE_CONFIG": ""}
    assert load_settings(environ=environ) == Settings()


@pytest.mark.parametrize(
    ("section", "key", "hint"),
    [
        ("engine", "modle", "did you mean 'model'?"),
        ("limits", "max_session", "did you mean 'max_sessions'?"),
        ("server", "model", "did you mean 'engine.model'?"),
        ("engin", "model", "did you mean 'engine'?"),
        ("zzz", "silence_ms", "did you mean 'endpointing.silence_ms'?"),
        ("vad", "zzz", "known are mode, aggressiveness, threshold, release"),
        (
            "zzz",
            "zzz",
            "known are server, engine, vad, partials, endpointing, limits, admission, quotas, auth"
            ", files, jobs, captions",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(section: str, key: str, hint: str) -> None:
    error = refused({section: {key: 1}})

    assert str(error).endswith(hint)
    assert error.field is not None
    assert error.field.startswith(section)


def test_an_unknown_name_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    assert "(WIRESCRIBE_SERVER__PROT)" in str(refused(WIRESCRIBE_SERVER__PROT="1"))

    path = tmp_path / "my.toml"
    path.write_text("[server]\nprot = 1\n", encoding="utf-8")
    assert "server.prot (my.toml)" in str(refused(config=path))

    path.write_text("[sever]\n", encoding="utf-8")
    assert "'sever' (my.toml) is not a known section" in str(refused(config=path))

    path.write_text("port = 1\n", encoding="utf-8")
    assert "port: 1 in my.toml stands outside of a section" in str(refused(config=path))
    assert "did you mean 'server.port'?" in str(refused(config=path))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("server", "port", 65_536),
        ("server", "port", "http"),
        ("server", "log_level", "LOUD"),
        ("server", "drain_s", -1),
        ("engine", "device", "tpu"),
        ("engine", "device_index", ["x"]),
        ("engine", "word_lead_ms", 501),
        ("engine", "calibration", [1.0, 0.5]),
        ("engine", "calibration", [-1.0, 0.5, 0.0]),
        ("vad", "mode", "loud"),
        ("vad", "threshold", 1),
        ("partials", "step_ms", 1),
        ("endpointing", "max_segment_ms", 30_000),
        ("endpointing", "preset", "telephone"),
        ("endpointing", "sentence_silence_ms", 99),
        ("limits", "max_sessions", 0),
        ("limits", "max_channels", 9),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name_value_and_place(
    section: str, key: str, value: object
) -> None:
    error = refused({section: {key: value}})

    assert error.field == f"{section}.{key}"
    assert str(error).startswith(f"{section}.{key}: {value!r} (command line): ")


def test_a_preset_gives_what_is_not_set_by_itself_wherever_either_stands(tmp_path: Path) -> None:
    path = tmp_path / "calls.toml"
    path.write_text("[endpointing]\nsilence_ms = 900\n", encoding="utf-8")
    chosen = load_settings(config=path, environ={"WIRESCRIBE_ENDPOINTING__PRESET": "dictation"})
    preset = PRESETS[Preset.DICTATION]

    assert chosen.endpointing.silence_ms == 900
    assert chosen.endpointing.sentence_silence_ms == preset.sentence_silence_ms
    assert chosen.endpointing.max_segment_ms == preset.max_segment_ms


def test_settings_that_contradict_each_other_are_refused() -> None:
    vad = refused({"vad": {"threshold": 0.4, "release": 0.6}})
    assert str(vad) == "vad: release 0.6 is above threshold 0.4"

    partials = refused({"partials": {"trim_ms": 2_000, "keep_ms": 3_000}})
    assert str(partials) == "partials: keep_ms 3000 is not below trim_ms 2000"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert f"config: {str(missing)!r} can't be read" in str(refused(config=missing))
    assert "can't be read" in str(refused(config=tmp_path))

    bad = tmp_path / "bad.toml"
    bad.write_text("[server\n", encoding="utf-8")
    assert "is not TOML" in str(refused(config=bad))
    bad.write_bytes(b"\xff\xfe")
    assert "is not TOML" in str(refused(config=bad))
