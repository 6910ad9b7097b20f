"""What this process sees of NVIDIA's libraries beside CTranslate2: cuBLAS, driver, memory.

CTranslate2 opens cuBLAS by its bare name when it first multiplies on a GPU. Installed as a Python
package (the ``gpu`` extra) it lies where the loader doesn't look, so it is loaded here by its
path; a later request by name then finds it. NVML, of the same extra, tells driver and memory;
without it those are unknown, no more.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CUBLAS = "cublas64_12.dll" if os.name == "nt" else "libcublas.so.12"
_CUBLAS_FOLDER = "bin" if os.name == "nt" else "lib"
_CUBLAS_PACKAGE = "nvidia.cublas"


@dataclass(frozen=True, slots=True)
class Driver:
    """NVIDIA's driver: its version, and how many GPUs it has, usable by CUDA or not."""

    version: str
    gpus: int


@dataclass(frozen=True, slots=True)
class Gpu:
    """A CUDA device: its name, and the bytes of its memory, all and free."""

    name: str
    total_bytes: int
    free_bytes: int


def load_cublas() -> bool:
    """Make cuBLAS 12 available to CTranslate2; False where there is none.

    The system's own, or that of LD_LIBRARY_PATH, goes first.
    """
    return any(_loads(name) for name in _cublas_names())


def _cublas_names() -> Iterator[str]:
    yield _CUBLAS
    try:
        spec = importlib.util.find_spec(_CUBLAS_PACKAGE)
    except (ImportError, ValueError):
        return
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / _CUBLAS_FOLDER / _CUBLAS
        if path.is_file():
            yield str(path)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def find_driver() -> Driver | None:
    """Return what NVML says of the driver; None without NVML or driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return Driver(_text(pynvml.nvmlSystemGetDriverVersion()), pynvml.nvmlDeviceGetCount())
    except Exception:  # no library, no driver: unknown
        return None


def find_gpu(index: int, environ: Mapping[str, str] = os.environ) -> Gpu | None:
    """Return what NVML says of the device that CUDA numbers ``index``; None without NVML."""
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = _handle(pynvml, index, environ.get("CUDA_VISIBLE_DEVICES", ""))
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        name = _text(pynvml.nvmlDeviceGetName(handle))
        return Gpu(name, int(memory.total), int(memory.free))
    except Exception:  # no library, no driver, no such device: unknown
        return None


def gpu_memory_reader(
    index: int, environ: Mapping[str, str] = os.environ
) -> Callable[[], int | None]:
    """Return a function that reads the bytes in use on a CUDA device, or None if it can't.

    CUDA_VISIBLE_DEVICES renumbers devices for CUDA but not for NVML; the reader follows it for
    plain indices and for UUIDs, cut short or not. The figure is that of the whole device, with
    what other processes hold.
    """
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = _handle(pynvml, index, environ.get("CUDA_VISIBLE_DEVICES", ""))
    except Exception:  # no library, no driver, no such device: the figure is unknown, no more
        return lambda: None

    def read() -> int | None:
        try:
            return int(pynvml.nvmlDeviceGetMemoryInfo(handle).used)
        except Exception:  # the driver may go away under us; health must still answer
            return None

    return read


def _handle(pynvml: Any, index: int, visible: str) -> Any:
    """Return NVML's handle of the device that CUDA numbers ``index``."""
    names = [name.strip() for name in visible.split(",") if name.strip()]
    name = names[index] if names else str(index)
    if name.isdigit():
        return pynvml.nvmlDeviceGetHandleByIndex(int(name))
    if name.startswith("GPU-"):
        # CUDA takes as much of a UUID as makes it unique, NVML only the whole.
        for i in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(i)
            if _text(pynvml.nvmlDeviceGetUUID(handle)).startswith(name):
                return handle
    return pynvml.nvmlDeviceGetHandleByUUID(name)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
