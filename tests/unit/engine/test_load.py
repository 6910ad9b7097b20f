"""Loading engines, on a CPU for real and on GPUs as far as that goes without one."""

from __future__ import annotations

import json
import os
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
import numpy as np
import pytest
import structlog
from starlette.requests import Request

from streaming.confidence import Calibration
from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.engine import load_engines
from streaming.engine.cores import usable_cores
from streaming.engine.device import DeviceChoice
from streaming.engine.whisper import WhisperEngine
from streaming.errors import BadConfiguration, EngineFault, ModelUnavailable, WirescribeError
from streaming.health import Health
from streaming.service import Service
from streaming.settings import Settings
from tests.support.tiny_whisper import LARGE_V3, MULTILINGUAL, write_tiny_whisper

CPU = DeviceChoice("cpu", (0,), "int8", "base")
Load = Callable[..., Any]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_whisper(tmp_path_factory.mktemp("large"), LARGE_V3)


@pytest.fixture
def own(large: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return shutil.copytree(large, tmp_path / "own")


def load(
    folder: Path, choice: DeviceChoice, *, workers: int = 0, max_batch: int = 0
) -> list[WhisperEngine]:
    engines = load_engines(folder, choice, name="large-v3", workers=workers, max_batch=max_batch)
    assert all(isinstance(engine, WhisperEngine) for engine in engines)
    return engines  # type: ignore[return-value]


def request(seconds: float = 1.0) -> DecodeRequest:
    audio = np.random.default_rng(0).standard_normal(int(16_000 * seconds)) * 0.1
    return DecodeRequest(Kind.FINAL, 0, 0, 0, audio.astype(np.float32), LanguageChoice(fixed="en"))


# -- on the CPU --------------------------------------------------------------------------------


def test_on_a_cpu_one_copy_serves_a_thread_for_each_core(large: Path) -> None:
    (engine,) = load(large, CPU)
    info = engine.info
    assert (info.model, info.device, info.max_batch) == ("large-v3", "cpu", 6)
    assert info.concurrency == usable_cores() <= (os.cpu_count() or 1)
    assert engine.memory_used_bytes() is None
    assert engine.decode([request()])[0].text


def test_how_probabilities_become_confidences_can_be_set(large: Path) -> None:
    sure, unsure = (
        load_engines(
            large, CPU, name="x", workers=1, max_batch=1, calibration=Calibration(1.0, 0.0, offset)
        )[0]
        for offset in (9.0, -9.0)
    )
    most = [word.confidence or 0.0 for word in sure.decode([request()])[0].words]
    least = [word.confidence or 0.0 for word in unsure.decode([request()])[0].words]
    assert min(most) > 0.5 > max(least)


def test_what_word_times_are_moved_by_is_known_of_the_model_or_set(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads: list[int] = []

    def settled(words: Any, pauses: Any, duration_ms: int, lead_ms: int) -> Any:
        leads.append(lead_ms)
        return words

    monkeypatch.setattr("streaming.engine.whisper.settle", settled)
    for name, lead_ms in (("base", None), ("tiny.en", None), ("tiny.en", -7)):
        (engine,) = load_engines(large, CPU, name=name, workers=1, max_batch=1, lead_ms=lead_ms)
        engine.decode([request()])
    assert leads == [40, -110, -7]


def test_workers_and_batches_can_be_set(large: Path) -> None:
    (engine,) = load(large, CPU, workers=3, max_batch=7)
    assert (engine.info.concurrency, engine.info.max_batch) == (3, 7)


# -- on GPUs that a fake stands for ------------------------------------------------------------


class Gpus:
    """CTranslate2 on a machine with GPUs: loads on the CPU what is meant for them.

    ``trouble`` is asked before a model is loaded or decodes, and raises what a GPU would.
    """

    def __init__(self) -> None:
        self.loaded: list[dict[str, Any]] = []
        self.closed: list[int] = []
        self.trouble: Callable[[str, int], None] = lambda deed, index: None
        self._whisper = ctranslate2.models.Whisper

    def __call__(self, path: str, *, device: str, device_index: int, **options: Any) -> Any:
        assert device == "cuda"
        self.trouble("load", device_index)
        self.loaded.append({"device_index": device_index, **options})
        model = self._whisper(path, device="cpu", compute_type="float32")
        return GpuModel(self, model, device_index, options["compute_type"])


class GpuModel:
    def __init__(self, gpus: Gpus, model: Any, index: int, compute_type: str) -> None:
        self._gpus, self._model, self._index = gpus, model, index
        self.compute_type = compute_type

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode(self, features: Any) -> Any:
        self._gpus.trouble("decode", self._index)
        return self._model.encode(features)

    def unload_model(self) -> None:
        self._gpus.closed.append(self._index)
        self._model.unload_model()


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Gpus:
    fake = Gpus()
    monkeypatch.setattr(ctranslate2.models, "Whisper", fake)
    return fake


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory in use: 4,000 MiB and a bit on the first GPU, a tenth more on each further one."""
    fake = types.ModuleType("pynvml")
    for name, stand_in in {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetMemoryInfo": lambda index: SimpleNamespace(
            used=(4000 + 400 * index) * 2**20 + 1
        ),
    }.items():
        monkeypatch.setattr(fake, name, stand_in, raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def on_gpus(*indices: int) -> DeviceChoice:
    return DeviceChoice("cuda", indices, "float16", "large-v3")


def test_every_gpu_has_its_copy_and_one_worker(large: Path, gpus: Gpus, nvml: None) -> None:
    engines = load(large, on_gpus(0, 3))
    assert gpus.loaded == [
        {
            "device_index": index,
            "compute_type": "float16",
            "inter_threads": 1,
            "intra_threads": 1,
        }
        for index in (0, 3)
    ]
    assert [engine.info.device for engine in engines] == ["cuda:0", "cuda:3"]
    assert {engine.info.compute_type for engine in engines} == {"float16"}
    assert {(engine.info.concurrency, engine.info.max_batch) for engine in engines} == {(1, 16)}
    assert [engine.memory_used_bytes() for engine in engines] == [
        4000 * 2**20 + 1,
        5200 * 2**20 + 1,
    ]
    assert all(engine.decode([request(), request()])[1].text for engine in engines)


async def test_health_shows_the_memory_of_all_gpus(large: Path, gpus: Gpus, nvml: None) -> None:
    service = Service(Settings(), lambda: load(large, on_gpus(0, 1)))
    await service.start()
    try:
        answer = await Health(service).health(Request({"type": "http"}))
    finally:
        await service.stop()
    body = json.loads(bytes(answer.body))
    assert answer.status_code == 200
    assert body["gpu_memory_used"] == "8400 MiB"
    assert (body["device"], body["compute_type"]) == ("cuda:0", "float16")
    assert gpus.closed == [0, 1]


# -- failures ----------------------------------------------------------------------------------


def failure_of_loading(folder: Path, choice: DeviceChoice) -> WirescribeError:
    with structlog.testing.capture_logs() as lines, pytest.raises(WirescribeError) as caught:
        load(folder, choice)
    assert str(folder) not in caught.value.message
    if lines:
        assert [line["event"] for line in lines] == ["load_failed"]
        assert caught.value.__cause__ is not None
    return caught.value


def test_a_model_too_big_for_its_gpu(large: Path, gpus: Gpus) -> None:
    def second_is_full(deed: str, index: int) -> None:
        if index == 1:
            raise RuntimeError("CUDA failed with error out of memory")

    gpus.trouble = second_is_full
    error = failure_of_loading(large, on_gpus(0, 1))
    assert isinstance(error, ModelUnavailable)
    for hint in ("'large-v3'", "float16", "memory of cuda:1", "'int8_float16'", "smaller model"):
        assert hint in error.message
    assert gpus.closed == [0], "the copy on the first GPU was not freed"


def test_a_model_too_big_for_main_memory(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr(ctranslate2.models, "Whisper", full)
    error = failure_of_loading(large, CPU)
    assert isinstance(error, ModelUnavailable)
    assert "memory of cpu" in error.message
    assert "'int8'" in error.message


@pytest.mark.parametrize(
    ("raised", "hints"),
    [
        ("CUDA failed with error CUDA driver version is insufficient", ("newer driver", "'cpu'")),
        ("CUDA failed with error no kernel image is available", ("generation of cuda:0",)),
        ("CUDA failed with error unspecified launch failure", ("CUDA failed on cuda:0",)),
        ("cuBLAS failed with status CUBLAS_STATUS_NOT_INITIALIZED", ("CUDA failed on cuda:0",)),
    ],
)
def test_a_gpu_that_does_not_work(
    large: Path, gpus: Gpus, raised: str, hints: tuple[str, ...]
) -> None:
    def broken(deed: str, index: int) -> None:
        raise RuntimeError(raised)

    gpus.trouble = broken
    error = failure_of_loading(large, on_gpus(0))
    assert isinstance(error, BadConfiguration)
    assert error.field == "engine.device"
    for hint in hints:
        assert hint in error.message


def test_cuda_where_there_is_none_for_real(large: Path) -> None:
    if ctranslate2.get_cuda_device_count():
        pytest.skip("there is a GPU here")
    error = failure_of_loading(large, on_gpus(0))
    assert isinstance(error, BadConfiguration)
    assert error.field == "engine.device"


def test_a_precision_that_the_cpu_has_not_for_real(large: Path) -> None:
    if "float16" in ctranslate2.get_supported_compute_types("cpu"):
        pytest.skip("this CPU computes in float16")
    error = failure_of_loading(large, DeviceChoice("cpu", (0,), "float16", "large-v3"))
    assert isinstance(error, BadConfiguration)
    assert "'float16' is not supported on cpu" in error.message


def test_a_gpu_full_while_decoding(large: Path, gpus: Gpus) -> None:
    (engine,) = load(large, on_gpus(0))

    def full(deed: str, index: int) -> None:
        raise RuntimeError("CUDA failed with error out of memory")

    gpus.trouble = full
    with structlog.testing.capture_logs() as lines, pytest.raises(EngineFault) as caught:
        engine.decode([request()] * 3)
    assert caught.value.message == "the speech engine ran out of memory on cuda:0"
    (line,) = lines
    assert (line["event"], line["device"], line["rows"]) == ("out_of_memory", "cuda:0", 3)
    assert "engine.max_batch" in line["advice"]

    gpus.trouble = lambda deed, index: None
    assert engine.decode([request()])[0].text, "it did not recover"


@pytest.mark.parametrize(
    ("raised", "logged"),
    [
        (RuntimeError("CUDA failed with error misaligned address"), "misaligned address"),
        (ValueError("zip: said 'secret words'"), "ValueError"),
    ],
)
def test_a_failure_while_decoding(large: Path, gpus: Gpus, raised: Exception, logged: str) -> None:
    (engine,) = load(large, on_gpus(2))

    def broken(deed: str, index: int) -> None:
        raise raised

    gpus.trouble = broken
    with structlog.testing.capture_logs() as lines, pytest.raises(EngineFault) as caught:
        engine.decode([request()])
    assert caught.value.message == "the speech engine failed on cuda:2"
    assert caught.value.__cause__ is raised
    # A thread that an earlier test left behind may have its line among them.
    (line,) = (each for each in lines if each["event"] == "engine_failed")
    assert logged in line["error"]
    assert "secret" not in str(lines)


# -- folders that hold something else ----------------------------------------------------------


def _cut(folder: Path) -> None:
    os.truncate(folder / "model.bin", 100_000)


def _empty(folder: Path) -> None:
    os.truncate(folder / "model.bin", 0)


def _garbage(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"\x93NUMPY not a model")


def _no_weights(folder: Path) -> None:
    (folder / "model.bin").unlink()


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _half_a_tokenizer(folder: Path) -> None:
    os.truncate(folder / "tokenizer.json", 5_000)


def _half_a_configuration(folder: Path) -> None:
    (folder / "config.json").write_text('{"alignment_heads"')


def _no_vocabulary(folder: Path) -> None:
    (folder / "vocabulary.json").unlink()


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _empty,
        _garbage,
        _no_weights,
        _no_tokenizer,
        _half_a_tokenizer,
        _half_a_configuration,
        _no_vocabulary,
    ],
)
def test_damaged_files_are_called_so(own: Path, damage: Callable[[Path], None]) -> None:
    damage(own)
    error = failure_of_loading(own, CPU)
    assert isinstance(error, ModelUnavailable)
    assert "'large-v3' can't be loaded: its files are damaged" in error.message
    assert "wirescribe models verify" in error.message


def test_the_tokenizer_of_another_model_is_noticed(own: Path, tmp_path: Path) -> None:
    other = write_tiny_whisper(tmp_path / "base", MULTILINGUAL)
    shutil.copy(other / "tokenizer.json", own)
    error = failure_of_loading(own, CPU)
    assert isinstance(error, ModelUnavailable)
    assert "knows 99 languages, its weights 100" in error.message


def test_the_tokenizer_of_no_whisper_model_is_noticed(own: Path) -> None:
    tokenizer = own / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace("<|notimestamps|>", "<|other|>"))
    assert "has no <|notimestamps|>" in failure_of_loading(own, CPU).message


@pytest.mark.parametrize("content", [None, "{}", '{"alignment_heads": []}'])
def test_a_model_that_can_not_time_words_is_refused(own: Path, content: str | None) -> None:
    if content is None:
        (own / "config.json").unlink()
    else:
        (own / "config.json").write_text(content)
    assert "no alignment_heads" in failure_of_loading(own, CPU).message
