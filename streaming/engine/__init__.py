"""Engines: what turns audio into hypotheses, behind one small seam."""

from __future__ import annotations

from pathlib import Path

from streaming.engine.base import Engine
from streaming.engine.cores import usable_cores
from streaming.engine.cuda import gpu_memory_reader
from streaming.engine.device import DeviceChoice

_CPU_BATCH = 4
_GPU_BATCH = 16


def load_engines(
    path: Path, choice: DeviceChoice, *, name: str, workers: int, max_batch: int
) -> list[Engine]:
    """Load the model once for each chosen device.

    On a CPU one copy serves ``workers`` threads of one core each: with batches that is faster
    than one worker with all cores. On GPUs each device has its own copy and worker. Raises what
    :class:`~streaming.engine.whisper.WhisperEngine` raises, having freed what was loaded.
    """
    from streaming.engine.whisper import WhisperEngine

    on_gpu = choice.device == "cuda"
    engines: list[Engine] = []
    try:
        for index in choice.indices:
            engines.append(
                WhisperEngine(
                    path,
                    name=name,
                    device=choice.device,
                    device_index=index,
                    compute_type=choice.compute_type,
                    workers=workers or (1 if on_gpu else usable_cores()),
                    max_batch=max_batch or (_GPU_BATCH if on_gpu else _CPU_BATCH),
                    memory=gpu_memory_reader(index) if on_gpu else lambda: None,
                )
            )
    except BaseException:
        for engine in engines:
            engine.close()
        raise
    return engines
