"""Which device and precision a model runs on, found once at start-up.

The facts come from CTranslate2 itself (how many CUDA devices, which precisions each supports),
so that what is chosen here is what will load.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streaming.engine.cuda import Driver, Gpu, find_driver, find_gpu, load_cublas
from streaming.errors import BadConfiguration, shown
from streaming.logs import get_logger

_log = get_logger(__name__)

# Best first. bfloat16 stands behind float16 because Whisper's weights were released in float16.
_CUDA_PREFERENCE = ("float16", "bfloat16", "int8_float16", "int8_bfloat16", "int8", "float32")
_CPU_PREFERENCE = ("int8", "int8_float32", "float32")
_DEFAULT_MODEL = {"cuda": "large-v3", "cpu": "base"}
_OLDEST_DRIVER = "525"  # of CUDA 12, on Linux


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a GPU can't be used, and what to do about it."""

    reason: str
    advice: str

    def __str__(self) -> str:
        return f"{self.reason}; {self.advice}"


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """Where to load which model: one replica per entry of ``indices``."""

    device: str
    indices: tuple[int, ...]
    compute_type: str
    model: str


class DeviceProbe:
    """What CTranslate2 sees on this machine; tests put another one in its place."""

    def cuda_devices(self) -> int:
        """Number of usable CUDA devices; 0 where there is no driver."""
        import ctranslate2

        return int(ctranslate2.get_cuda_device_count())

    def compute_types(self, device: str, index: int) -> frozenset[str]:
        """Return the precisions that load natively on this device."""
        import ctranslate2

        return frozenset(ctranslate2.get_supported_compute_types(device, index))

    def cublas(self) -> bool:
        """Whether CTranslate2 will find cuBLAS 12, without which it can't use a GPU."""
        return load_cublas()

    def driver(self) -> Driver | None:
        """NVIDIA's driver, as far as it is known."""
        return find_driver()

    def gpu(self, index: int) -> Gpu | None:
        """A CUDA device's name and memory, as far as they are known."""
        return find_gpu(index)


def choose_device(
    *,
    device: str,
    compute_type: str,
    model: str,
    indices: Sequence[int],
    probe: DeviceProbe,
    environ: Mapping[str, str] = os.environ,
) -> DeviceChoice:
    """Turn settings, each possibly ``auto``, into a choice that will load.

    CUDA with ``large-v3`` in float16 where there is a GPU, else the CPU with ``base`` in int8. A
    GPU that can't be used is passed over when nobody asked for it, and the log says why.
    Raises :class:`~streaming.errors.BadConfiguration` when what is asked for isn't there.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise BadConfiguration(
            f"engine.device: {shown(device)} is not one of auto, cpu, cuda", field="engine.device"
        )
    present = probe.cuda_devices() if device != "cpu" else 0
    if device == "cuda" or present or (device == "auto" and indices):
        obstacle = find_obstacle(present, probe, environ)
        if obstacle and (device == "cuda" or indices):
            asked = "'cuda'" if device == "cuda" else f"engine.device_index {list(indices)}"
            raise BadConfiguration(
                f"engine.device: {asked} was asked for, but {obstacle}; or set engine.device to "
                "'cpu'",
                field="engine.device",
            )
        if obstacle:
            _log.warning("gpu_not_used", reason=str(obstacle))
        device = "cpu" if obstacle else "cuda"
    else:
        _warn_of_idle_gpus(device, probe, environ)
        device = "cpu"
    chosen = _indices(indices, present) if device == "cuda" else (0,)
    supported = frozenset.intersection(*(probe.compute_types(device, i) for i in chosen))
    if compute_type == "auto":
        preference = _CUDA_PREFERENCE if device == "cuda" else _CPU_PREFERENCE
        compute_type = next((name for name in preference if name in supported), "float32")
    elif compute_type not in supported:
        raise BadConfiguration(
            f"engine.compute_type: {shown(compute_type)} is not supported on {device}; "
            f"supported are {', '.join(sorted(supported))}",
            field="engine.compute_type",
        )
    if model == "auto":
        model = _DEFAULT_MODEL[device]
    return DeviceChoice(device=device, indices=chosen, compute_type=compute_type, model=model)


def _indices(asked: Sequence[int], present: int) -> tuple[int, ...]:
    """Return the devices to use, each once: those asked for, or all."""
    for index in asked:
        if not 0 <= index < present:
            devices = "the only CUDA device, 0" if present == 1 else f"0 to {present - 1}"
            raise BadConfiguration(
                f"engine.device_index: {index} is not {devices}", field="engine.device_index"
            )
    return tuple(dict.fromkeys(asked)) or tuple(range(present))


def find_obstacle(
    present: int, probe: DeviceProbe, environ: Mapping[str, str] = os.environ
) -> Obstacle | None:
    """Return why CUDA can't be used where it sees ``present`` devices, or None."""
    if present:
        if probe.cublas():
            return None
        return Obstacle(
            "cuBLAS 12 is not installed", "install it with: pip install 'wirescribe[gpu]'"
        )
    if (visible := environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return Obstacle(
            f"CUDA sees no device with CUDA_VISIBLE_DEVICES={shown(visible)}", "correct or unset it"
        )
    driver = probe.driver()
    if driver is not None and driver.gpus:
        return Obstacle(
            f"CUDA can't use the {driver.gpus} GPU(s) that driver {driver.version} shows",
            f"CUDA 12 needs driver {_OLDEST_DRIVER} or newer",
        )
    return Obstacle(
        "no CUDA device is visible",
        f"check that NVIDIA's driver is installed ({_OLDEST_DRIVER} or newer) and, in a "
        "container, that it was given the GPU",
    )


def _warn_of_idle_gpus(device: str, probe: DeviceProbe, environ: Mapping[str, str]) -> None:
    """Say that there is a GPU which CUDA doesn't see, unless somebody wanted it so."""
    if device == "auto" and "CUDA_VISIBLE_DEVICES" not in environ:
        driver = probe.driver()
        if driver is not None and driver.gpus:
            _log.warning("gpu_not_used", reason=str(find_obstacle(0, probe, environ)))
