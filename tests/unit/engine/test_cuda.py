from __future__ import annotations

import ctypes
import importlib
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

from streaming.engine import cuda
from streaming.engine.cuda import (
    Driver,
    Gpu,
    find_driver,
    find_gpu,
    gpu_memory_reader,
    load_cublas,
)

GPUS = ("GPU-11aa0000-x", "GPU-11bb0000-x", "GPU-22cc0000-x")
MIG = "MIG-77dd0000-x"


class NvmlError(Exception):
    pass


@dataclass(frozen=True)
class Memory:
    used: int
    total: int = 1000
    free: int = 900


class FakeNvml(types.ModuleType):
    """NVML with three GPUs and one slice of a GPU; memory in use tells which was read."""

    def __init__(self, *, strings: type = str, broken: bool = False) -> None:
        super().__init__("pynvml")
        self.broken = broken
        self.strings = strings
        self.ready = False

    def nvmlInit(self) -> None:
        if self.broken:
            raise NvmlError("driver not loaded")
        self.ready = True

    def nvmlSystemGetDriverVersion(self) -> str | bytes:
        return "550.54.15" if self.strings is str else b"550.54.15"

    def nvmlDeviceGetCount(self) -> int:
        assert self.ready
        return len(GPUS)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        assert self.ready
        if not 0 <= index < len(GPUS):
            raise NvmlError("invalid argument")
        return GPUS[index]

    def nvmlDeviceGetUUID(self, handle: str) -> str | bytes:
        return handle if self.strings is str else handle.encode()

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        if uuid not in (*GPUS, MIG):
            raise NvmlError("not found")
        return uuid

    def nvmlDeviceGetName(self, handle: str) -> str | bytes:
        name = f"Card {GPUS.index(handle)}"
        return name if self.strings is str else name.encode()

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> Memory:
        if self.broken:
            raise NvmlError("GPU is lost")
        return Memory(1 + (*GPUS, MIG).index(handle))


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


def read(index: int, visible: str | None) -> int | None:
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    return gpu_memory_reader(index, environ)()


# -- memory ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visible", "index", "expected"),
    [
        (None, 0, 1),
        (None, 2, 3),
        ("", 1, 2),
        ("2", 0, 3),
        ("2,0", 1, 1),
        (" 1 , 2 ", 1, 3),
        (GPUS[1], 0, 2),
        (f"{GPUS[2]},{GPUS[0]}", 1, 1),
        ("GPU-11bb", 0, 2),
        ("GPU-2", 0, 3),
        (f"0,{MIG}", 1, 4),
    ],
)
def test_memory_is_read_from_the_gpu_that_cuda_means(
    nvml: FakeNvml, visible: str | None, index: int, expected: int
) -> None:
    assert read(index, visible) == expected


@pytest.mark.parametrize(
    ("visible", "index"),
    [(None, 3), ("2", 1), ("7", 0), ("GPU-99", 0), ("MIG-99", 0), ("rubbish", 0)],
)
def test_a_gpu_that_nvml_does_not_know_is_unknown(
    nvml: FakeNvml, visible: str | None, index: int
) -> None:
    assert read(index, visible) is None


def test_older_bindings_speak_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(strings=bytes))
    assert read(0, "GPU-22") == 3
    assert find_driver() == Driver("550.54.15", 3)


def test_a_driver_lost_meanwhile_is_no_failure(nvml: FakeNvml) -> None:
    reader = gpu_memory_reader(0, {})
    assert reader() == 1
    nvml.broken = True
    assert reader() is None


def test_without_nvml_or_driver_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert read(0, None) is None
    assert find_driver() is None
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(broken=True))
    assert read(0, None) is None
    assert find_driver() is None


def test_the_driver_is_described(nvml: FakeNvml) -> None:
    assert find_driver() == Driver("550.54.15", 3)


# -- cuBLAS ------------------------------------------------------------------------------------


class Loader:
    """Stands for the dynamic loader: knows these files, and what it was asked for."""

    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked: list[str] = []

    def __call__(self, name: str) -> object:
        self.asked.append(name)
        if name not in self.known:
            raise OSError(f"{name}: cannot open shared object file")
        return object()


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """cuBLAS as its wheel lays it down: a folder of a namespace package."""
    library = tmp_path / "nvidia" / "cublas" / "lib" / "libcublas.so.12"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"")
    for name in [name for name in sys.modules if name.split(".")[0] == "nvidia"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    return str(library)


def use(monkeypatch: pytest.MonkeyPatch, loader: Loader) -> Loader:
    monkeypatch.setattr(ctypes, "CDLL", loader)
    return loader


def test_the_systems_cublas_goes_first(monkeypatch: pytest.MonkeyPatch, packaged: str) -> None:
    loader = use(monkeypatch, Loader("libcublas.so.12", packaged))
    assert load_cublas()
    assert loader.asked == ["libcublas.so.12"]


def test_the_extras_cublas_is_loaded_by_its_path(
    monkeypatch: pytest.MonkeyPatch, packaged: str
) -> None:
    loader = use(monkeypatch, Loader(packaged))
    assert load_cublas()
    assert loader.asked == ["libcublas.so.12", packaged]


def test_a_cublas_that_does_not_load_is_none(
    monkeypatch: pytest.MonkeyPatch, packaged: str
) -> None:
    use(monkeypatch, Loader())
    assert not load_cublas()


def test_without_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Loader())
    monkeypatch.setattr(cuda, "_CUBLAS_PACKAGE", "no_such_package_of_nvidia.cublas")
    assert not load_cublas()
    monkeypatch.setattr(cuda, "_CUBLAS_PACKAGE", "no_such_package_of_nvidia")
    assert not load_cublas()


# -- name and memory of a device -----------------------------------------------------------------


@pytest.mark.parametrize("strings", [str, bytes])
def test_a_gpu_has_a_name_and_memory(nvml: FakeNvml, strings: type) -> None:
    nvml.strings = strings
    assert find_gpu(1, {}) == Gpu("Card 1", 1000, 900)
    assert find_gpu(0, {"CUDA_VISIBLE_DEVICES": "2"}) == Gpu("Card 2", 1000, 900)


def test_a_gpu_that_is_not_there_is_unknown(nvml: FakeNvml) -> None:
    assert find_gpu(7, {}) is None
    nvml.broken = True
    assert find_gpu(0, {}) is None
