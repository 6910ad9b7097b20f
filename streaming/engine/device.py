"""Which device and precision a model runs on, found once at start-up.

The facts come from CTranslate2 itself (how many CUDA devices, which precisions each supports),
so that what is chosen here is what will load. Memory is read through NVML, which the ``gpu``
extra brings; without it the figure is simply unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streaming.errors import BadConfiguration, shown

# Best first. bfloat16 stands behind float16 because Whisper's weights were released in float16.
_CUDA_PREFERENCE = ("float16", "bfloat16", "int8_float16", "int8_bfloat16", "int8", "float32")
_CPU_PREFERENCE = ("int8", "int8_float32", "float32")
_DEFAULT_MODEL = {"cuda": "large-v3", "cpu": "base"}


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


def choose_device(
    *,
    device: str,
    compute_type: str,
    model: str,
    indices: Sequence[int],
    probe: DeviceProbe,
) -> DeviceChoice:
    """Turn settings, each possibly ``auto``, into a choice that will load.

    CUDA with ``large-v3`` in float16 where there is a GPU, else the CPU with ``base`` in int8.
    Raises :class:`~streaming.errors.BadConfiguration` when what is asked for isn't there.
    """
    present = probe.cuda_devices() if device in ("auto", "cuda") else 0
    if device == "auto":
        device = "cuda" if present else "cpu"
    if device == "cuda":
        if not present:
            raise BadConfiguration(
                "engine.device: 'cuda' was asked for, but no CUDA device is visible; check the "
                "driver and the container's GPU access, or set engine.device to 'cpu'",
                field="engine.device",
            )
        chosen = tuple(indices) or tuple(range(present))
        for index in chosen:
            if not 0 <= index < present:
                raise BadConfiguration(
                    f"engine.device_index: {index} is not one of the {present} CUDA devices "
                    f"(0 to {present - 1})",
                    field="engine.device_index",
                )
        preference: tuple[str, ...] = _CUDA_PREFERENCE
    elif device == "cpu":
        chosen, preference = (0,), _CPU_PREFERENCE
    else:
        raise BadConfiguration(
            f"engine.device: {shown(device)} is not one of auto, cpu, cuda", field="engine.device"
        )
    supported = frozenset.intersection(*(probe.compute_types(device, i) for i in chosen))
    if compute_type == "auto":
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


def gpu_memory_reader(index: int) -> Callable[[], int | None]:
    """Return a function that reads the bytes in use on a CUDA device, or None if it can't.

    CUDA_VISIBLE_DEVICES renumbers devices for CUDA but not for NVML; the reader follows it for
    plain indices and for UUIDs.
    """
    try:
        import os

        import pynvml

        pynvml.nvmlInit()
        visible = [v.strip() for v in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if v]
        name = visible[index] if index < len(visible) else str(index)
        if name.isdigit():
            handle = pynvml.nvmlDeviceGetHandleByIndex(int(name))
        else:
            handle = pynvml.nvmlDeviceGetHandleByUUID(name)
    except Exception:  # no library, no driver, no such device: the figure is unknown, no more
        return lambda: None

    def read() -> int | None:
        try:
            return int(pynvml.nvmlDeviceGetMemoryInfo(handle).used)
        except Exception:  # the driver may go away under us; health must still answer
            return None

    return read
