"""What the failures of CTranslate2 and CUDA mean, and what whoever runs the server can do.

The libraries raise ``RuntimeError`` for nearly everything; the text tells what happened. It may
name folders of this machine, so it goes to the log and into ``__cause__``, not into the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streaming.errors import BadConfiguration, EngineFault, ModelUnavailable, WirescribeError, shown
from streaming.logs import get_logger

_log = get_logger(__name__)
_NO_MEMORY = ("out of memory", "alloc_failed", "bad_alloc", "bad allocation")


def out_of_memory(error: BaseException | None) -> bool:
    """Whether an allocation failed, on the GPU or in main memory."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _NO_MEMORY)


@contextmanager
def loading(model: str, device: str, compute_type: str) -> Iterator[None]:
    """Explain whatever loading a model raises inside, as one of our own errors."""
    try:
        yield
    except WirescribeError:
        raise
    except Exception as error:
        _log.error("load_failed", model=model, device=device, error=str(error) or repr(error))
        raise _explained(error, model, device, compute_type) from error


@contextmanager
def decoding(device: str, rows: int) -> Iterator[None]:
    """Explain what decoding a batch raises inside as an ``EngineFault``."""
    try:
        yield
    except WirescribeError:
        raise
    except Exception as error:
        if out_of_memory(error):
            advice = "lower engine.max_batch or engine.workers, or choose a smaller precision"
            _log.error("out_of_memory", device=device, rows=rows, advice=advice)
            raise EngineFault(f"the speech engine ran out of memory on {device}") from error
        # A RuntimeError is CTranslate2's; others might quote what was said.
        detail = str(error) if type(error) is RuntimeError else type(error).__name__
        _log.error("engine_failed", device=device, rows=rows, error=detail)
        raise EngineFault(f"the speech engine failed on {device}") from error


def _explained(error: Exception, model: str, device: str, compute_type: str) -> WirescribeError:
    text = str(error)
    if out_of_memory(error):
        smaller = "int8_float16" if device.startswith("cuda") else "int8"
        return ModelUnavailable(
            f"engine.model: {shown(model)} in {compute_type} does not fit into the memory of "
            f"{device}; free some, set engine.compute_type to '{smaller}', or choose a smaller "
            "model (wirescribe models list shows them)"
        )
    if "driver version is insufficient" in text:
        return BadConfiguration(
            f"engine.device: CUDA on {device} needs a newer driver; install one, or set "
            "engine.device to 'cpu'",
            field="engine.device",
        )
    if "no kernel image" in text:
        return BadConfiguration(
            f"engine.device: CTranslate2 does not support GPUs of the generation of {device}; set "
            "engine.device_index to another one, or engine.device to 'cpu'",
            field="engine.device",
        )
    if "CUDA failed" in text or "CUBLAS" in text:
        return BadConfiguration(
            f"engine.device: CUDA failed on {device}, the log tells how; check the driver, or set "
            "engine.device to 'cpu'",
            field="engine.device",
        )
    if "compute type" in text:
        return BadConfiguration(
            f"engine.compute_type: {shown(compute_type)} is not supported on {device}",
            field="engine.compute_type",
        )
    return ModelUnavailable(
        f"engine.model: {shown(model)} can't be loaded: its files are damaged, or not those of a "
        "Whisper model converted to CTranslate2's format. Check a model fetched by name with: "
        "wirescribe models verify"
    )
