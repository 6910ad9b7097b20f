"""Engines: what turns audio into hypotheses, behind one small seam."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from streaming.confidence import MEASURED, Calibration
from streaming.engine.base import Engine
from streaming.engine.cores import usable_cores
from streaming.engine.cuda import gpu_memory_reader
from streaming.engine.device import DeviceChoice
from streaming.engine.tiers import TieredEngine

_CPU_BATCH = 6
_GPU_BATCH = 16


def load_engines(
    path: Path,
    choice: DeviceChoice,
    *,
    name: str,
    workers: int,
    max_batch: int,
    partial: tuple[Path, str] | None = None,
    calibration: Calibration = MEASURED,
    lead_ms: int | None = None,
) -> list[Engine]:
    """Load the model once for each chosen device, and beside it the one for partials, if any.

    On a CPU one copy serves ``workers`` threads of one core each: with batches that is faster
    than one worker with all cores. On GPUs each device has its own copy and worker. ``partial``
    is the second model's folder and name; the workers are shared, not doubled. ``calibration``
    makes confidences of probabilities, for both; ``lead_ms`` is what the first one's word times
    are moved by, by default what is known of it. Raises what
    :class:`~streaming.engine.whisper.WhisperEngine` raises, having freed what was loaded.
    """
    from streaming.engine.whisper import WhisperEngine

    on_gpu = choice.device == "cuda"

    def load(path: Path, name: str, index: int, lead_ms: int | None = None) -> Engine:
        engine = WhisperEngine(
            path,
            name=name,
            device=choice.device,
            device_index=index,
            compute_type=choice.compute_type,
            workers=workers or (1 if on_gpu else usable_cores()),
            max_batch=max_batch or (_GPU_BATCH if on_gpu else _CPU_BATCH),
            memory=gpu_memory_reader(index) if on_gpu else lambda: None,
            calibration=calibration,
            lead_ms=lead_ms,
        )
        loaded.callback(engine.close)
        return engine

    engines: list[Engine] = []
    with ExitStack() as loaded:
        for index in choice.indices:
            engine = load(path, name, index, lead_ms)
            engines.append(TieredEngine(engine, load(*partial, index)) if partial else engine)
        loaded.pop_all()
    return engines
