"""One batch of each kind, timed; and what that lets one expect of this machine.

What is decoded is seeded noise, since no recording comes with the program. The encoder doesn't
care; the decoder's work is given per step, for how many steps it makes of noise says nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.engine.base import Engine
from streaming.engine.stages import DECODER, ENCODER, FEATURES

_SAMPLE_RATE = 16_000
_LEVEL = 0.1
# What is decoded: kind, seconds of sound, whether padded to 30 s. In the order of their cost.
_WINDOWS = (
    (Kind.PARTIAL, 2.0, False),
    (Kind.PARTIAL, 4.0, False),
    (Kind.FINAL, 8.0, False),
    (Kind.FINAL, 15.0, False),
    (Kind.FINAL, 28.0, True),
)
_BUDGET_S = 20.0
# Continuous speech, as the estimate takes it. Read English has about 3.3 tokens a second.
_TOKENS_PER_SECOND = 3.3
_PARTIAL_S, _FINAL_S = 4.0, 8.0
_USABLE = 0.8  # of the workers' time; beyond it finals begin to wait


@dataclass(frozen=True, slots=True)
class Timing:
    """One batch: ``rows`` stretches of ``seconds`` of sound; all times in milliseconds.

    ``step_ms`` is one step of the decoder for the whole batch; ``rest_ms`` is what neither
    features, encoder nor decoder took: alignment and words. ``cpu_ms`` is processor time.
    """

    kind: str
    seconds: float
    padded: bool
    rows: int
    features_ms: float
    encoder_ms: float
    step_ms: float
    rest_ms: float
    total_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Sessions of continuous speech at a time: a calculation from single batches, no measurement.

    ``prompt`` with partials as often as they can come, ``stretched`` with twice the time between
    them, as the scheduler has it under load.
    """

    prompt: int
    stretched: int
    workers: int
    partial_row_ms: float
    final_row_ms: float


def time_batches(
    engine: Engine,
    clock: Callable[[], float] = time.perf_counter,
    budget_s: float = _BUDGET_S,
) -> list[Timing]:
    """Time one batch of every kind with one row and with as many as ride together.

    Stops before the next one when the budget is used up, so that a large model on a CPU doesn't
    take minutes.
    """
    began = clock()
    one_and_most = tuple(dict.fromkeys((1, engine.info.max_batch)))
    out: list[Timing] = []
    _decode(engine, _WINDOWS[0], 1)  # the first takes longer: buffers, kernels, caches
    for window in _WINDOWS:
        for rows in one_and_most:
            if out and clock() - began > budget_s:
                return out
            out.append(_timed(engine, window, rows, clock))
    return out


_Window = tuple[Kind, float, bool]


def _timed(engine: Engine, window: _Window, rows: int, clock: Callable[[], float]) -> Timing:
    before, cpu, began = dict(engine.stage_seconds()), time.process_time(), clock()
    steps = _decode(engine, window, rows)
    total, cpu = clock() - began, time.process_time() - cpu
    spent = {
        stage: seconds - before.get(stage, 0.0) for stage, seconds in engine.stage_seconds().items()
    }
    known = sum(spent.get(stage, 0.0) for stage in (FEATURES, ENCODER, DECODER))
    kind, seconds, padded = window
    return Timing(
        kind=kind.value,
        seconds=seconds,
        padded=padded,
        rows=rows,
        features_ms=_ms(spent.get(FEATURES, 0.0)),
        encoder_ms=_ms(spent.get(ENCODER, 0.0)),
        step_ms=_ms(spent.get(DECODER, 0.0) / steps),
        rest_ms=_ms(max(0.0, total - known)),
        total_ms=_ms(total),
        cpu_ms=_ms(cpu),
    )


def _decode(engine: Engine, window: _Window, rows: int) -> int:
    """Decode a batch of noise; return how many steps the decoder made."""
    kind, seconds, padded = window
    english = "en" in engine.info.languages
    requests = [
        DecodeRequest(
            kind,
            channel=0,
            segment=row,
            start_sample=0,
            audio=_noise(seconds, row),
            language=LanguageChoice(fixed="en" if english else engine.info.languages[0]),
            words=kind is not Kind.PARTIAL,
            again=padded,
        )
        for row in range(rows)
    ]
    return max(hypothesis.token_count for hypothesis in engine.decode(requests)) + 1


def _noise(seconds: float, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    samples = int(seconds * _SAMPLE_RATE)
    return np.random.default_rng(seed).standard_normal(samples, np.float32) * np.float32(_LEVEL)


def estimate(
    timings: Sequence[Timing], *, workers: int, partial_step_s: float, on_cpu: bool = False
) -> Estimate | None:
    """Say how many sessions that would be; None where too little was timed.

    A session of continuous speech asks for a partial every ``partial_step_s`` over 4 s of sound on
    average, and for a final every 8 s. A row's share of a full batch is what it costs; eight
    tenths of the workers' time are counted on. On a CPU (``on_cpu``) it is processor time that
    counts, so that what other programs take doesn't.
    """
    partial = _row_ms(timings, Kind.PARTIAL, _PARTIAL_S, on_cpu)
    final = _row_ms(timings, Kind.FINAL, _FINAL_S, on_cpu)
    if partial is None or final is None:
        return None

    def sessions(step_s: float) -> int:
        needed_ms = partial / step_s + final / _FINAL_S  # for each second of sound
        return int(_USABLE * 1000 * workers / needed_ms)

    return Estimate(
        prompt=sessions(partial_step_s),
        stretched=sessions(2 * partial_step_s),
        workers=workers,
        partial_row_ms=round(partial, 1),
        final_row_ms=round(final, 1),
    )


def _row_ms(timings: Sequence[Timing], kind: Kind, seconds: float, on_cpu: bool) -> float | None:
    """What a row of speech costs in the fullest batch of its kind that was timed."""
    mine = [t for t in timings if (t.kind, t.seconds, t.padded) == (kind.value, seconds, False)]
    if not mine:
        return None
    full = max(mine, key=lambda timing: timing.rows)
    steps = _TOKENS_PER_SECOND * seconds + 1
    whole = full.features_ms + full.encoder_ms + steps * full.step_ms + full.rest_ms
    own = min(1.0, full.cpu_ms / full.total_ms) if on_cpu and full.total_ms else 1.0
    return max(own * whole / full.rows, 0.001)


def cpu_share(timings: Sequence[Timing]) -> float:
    """Return processor time per time that passed: below 1, others were given their turn."""
    passed = sum(timing.total_ms for timing in timings)
    return sum(timing.cpu_ms for timing in timings) / passed if passed else 1.0


def figures(timings: Sequence[Timing], expected: Estimate | None) -> dict[str, object]:
    """Return all of it for programs."""
    return {
        "batches": [asdict(timing) for timing in timings],
        "estimate": asdict(expected) if expected else None,
    }


def lines(timings: Sequence[Timing]) -> Iterator[tuple[str, ...]]:
    """Yield a heading, then a line a batch, as cells."""
    yield ("milliseconds", "rows", "features", "encoder", "a step", "align", "in all", "a row")
    for each in timings:
        shape = f"{each.kind} of {each.seconds:.0f} s" + (", padded" if each.padded else "")
        cells = (each.features_ms, each.encoder_ms, each.step_ms, each.rest_ms, each.total_ms)
        yield (
            shape,
            str(each.rows),
            *(f"{cell:.1f}" for cell in cells),
            f"{each.total_ms / each.rows:.1f}",
        )


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)
