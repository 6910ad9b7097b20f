"""``wirescribe doctor`` as it is typed, with models that are tiny but real."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from streaming.cli import main
from streaming.cli.doctor import batch
from streaming.engine.cuda import Driver
from streaming.engine.device import DeviceProbe
from tests.support.tiny_whisper import ENGLISH, MULTILINGUAL, write_tiny_whisper


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_whisper(tmp_path_factory.mktemp("model"), MULTILINGUAL)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    monkeypatch.setenv("WIRESCRIBE_SERVER__PORT", "0")
    monkeypatch.setenv("WIRESCRIBE_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("streaming.logs.configure_logging", lambda *_, **__: None)
    # An untrained model never stops by itself: long windows would take seconds.
    monkeypatch.setattr(batch, "_WINDOWS", batch._WINDOWS[1:3])
    monkeypatch.setattr(DeviceProbe, "cuda_devices", lambda _: 0)
    monkeypatch.setattr(DeviceProbe, "driver", lambda _: None)

    def command(*arguments: str | Path) -> tuple[int, str]:
        with structlog.testing.capture_logs():
            status = main(["doctor", *map(str, arguments)])
        return status, capsys.readouterr().out

    return command


def document(out: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads(out)
    return told


def problems(out: str) -> list[str]:
    return [each["name"] for each in document(out)["findings"] if each["state"] == "problem"]


def test_a_machine_in_order(run: Any, model: Path) -> None:
    status, out = run("--model", model)
    assert status == 0, out
    for line in ("none that CUDA sees; speech is decoded on the CPU", "partial of 4 s", "final of"):
        assert line in out
    assert "an estimate from single batches" in out
    assert out.endswith("no problems\n")


def test_the_same_for_programs(run: Any, model: Path) -> None:
    status, out = run("--model", model, "--json")
    told = document(out)
    assert (status, told["ok"]) == (0, True)
    assert {each["name"] for each in told["findings"]} >= {
        "Python", "CPU", "clock", "memory", "GPU", "precision", "model", "disk",
        "voice detector", "FFmpeg", "port",
    }  # fmt: skip
    first = told["timing"]["batches"][0]
    assert (first["kind"], first["rows"]) == ("partial", 1)
    assert first["encoder_ms"] > 0
    assert first["step_ms"] > 0
    assert told["timing"]["estimate"]["workers"] >= 1


def test_two_models_are_both_examined(
    run: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = write_tiny_whisper(tmp_path / "small", ENGLISH)
    monkeypatch.setenv("WIRESCRIBE_ENGINE__PARTIAL_MODEL", str(small))
    status, out = run("--model", model, "--json")
    assert status == 0
    assert {"model", "partial model"} <= {each["name"] for each in document(out)["findings"]}
    (small / "model.bin").write_bytes(b"")
    status, out = run("--model", model, "--json")
    assert (status, problems(out)) == (1, ["partial model"])
    assert document(out)["timing_skipped"] == "a model is not there, or not whole"


def test_the_model_need_not_be_loaded(run: Any, model: Path) -> None:
    status, out = run("--model", model, "--no-timing")
    assert status == 0
    assert "not timed: not asked for" in out


def test_damage_that_only_loading_shows(run: Any, model: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(model, tmp_path / "damaged")
    (damaged / "config.json").write_text("{}")
    status, out = run("--model", damaged, "--json")
    assert (status, problems(out)) == (1, ["loading"])
    (found,) = [each for each in document(out)["findings"] if each["name"] == "loading"]
    assert "alignment_heads" in found["says"]
    assert "ct2-transformers-converter" in found["advice"]
    assert str(tmp_path) not in found["says"]


def test_a_model_cut_short_is_not_loaded(run: Any, model: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(model, tmp_path / "damaged")
    os.truncate(damaged / "model.bin", 1_000)
    status, out = run("--model", damaged)
    assert status == 1
    assert "1 problem: model" in out
    assert "→" in out


def test_a_model_that_is_not_fetched_is_no_problem_and_not_fetched_now(
    run: Any, tmp_path: Path
) -> None:
    status, out = run("--model", "base")
    assert status == 0
    assert "base is not fetched yet (150 MB)" in out
    assert "wirescribe models fetch base" in out
    assert not (tmp_path / "models").exists()


def test_a_gpu_that_was_asked_for_and_is_not_there(run: Any, model: Path) -> None:
    status, out = run("--model", model, "--device", "cuda", "--json")
    assert (status, problems(out)) == (1, ["driver"])
    assert document(out)["timing_skipped"] == "there is no device to load the model on"


def test_a_driver_too_old(run: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeviceProbe, "driver", lambda _: Driver("470.82", 1))
    status, out = run("--model", model, "--no-timing")
    assert status == 1
    assert "driver 470.82" in out
    assert "525 or newer" in out


def test_a_precision_that_is_not_supported(run: Any, model: Path) -> None:
    status, out = run("--model", model, "--compute-type", "int3", "--json")
    assert (status, problems(out)) == (1, ["compute_type"])


def test_too_little_memory(run: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.cli.doctor.machine.available_memory", lambda: 1_000)
    status, out = run("--model", model, "--json")
    assert (status, problems(out)) == (1, ["memory"])
    assert document(out)["timing"] is None
