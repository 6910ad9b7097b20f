"""The GPU, as far as there is one: driver, cuBLAS, memory, precision; and what will be chosen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streaming.cli.doctor.finding import Finding, State
from streaming.cli.doctor.weights import Weights
from streaming.engine.device import DeviceChoice, DeviceProbe, choose_device, find_obstacle
from streaming.errors import BadConfiguration
from streaming.settings import EngineSettings

_TOPIC = "GPU"
_GIB = 2**30
_GPU_ROWS = 16


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, and what the server would run on; None where it would not start."""

    findings: Sequence[Finding]
    choice: DeviceChoice | None


def examine(
    engine: EngineSettings, probe: DeviceProbe, environ: Mapping[str, str] = os.environ
) -> Examined:
    """Look at driver, cuBLAS and precision, and choose as the server does at its start."""
    findings: list[Finding] = []
    if engine.device == "cpu":
        findings.append(_note("not asked for: engine.device is 'cpu'"))
    else:
        findings.append(_driver(engine, probe, environ))
        if probe.cuda_devices():
            findings.append(_cublas(probe))
    try:
        choice = choose_device(
            device=engine.device,
            compute_type=engine.compute_type,
            model=engine.model,
            indices=engine.device_index,
            probe=probe,
            environ=environ,
        )
    except BadConfiguration as error:
        if error.field != "engine.device" or all(f.state is not State.PROBLEM for f in findings):
            findings.append(_refused(error))
        return Examined(findings, None)
    findings.append(_precision(engine, choice, probe))
    return Examined(findings, choice)


def _driver(engine: EngineSettings, probe: DeviceProbe, environ: Mapping[str, str]) -> Finding:
    present, driver = probe.cuda_devices(), probe.driver()
    if present:
        known = (
            f"driver {driver.version}"
            if driver
            else "driver unknown (its bindings come with the gpu extra)"
        )
        return Finding(
            _TOPIC,
            "driver",
            State.OK,
            f"{known}, CUDA sees {_count(present, 'device')}",
            figures={"cuda_devices": present, "driver": driver.version if driver else None},
        )
    asked = engine.device == "cuda" or bool(engine.device_index)
    if not asked and not (driver is not None and driver.gpus):
        return _note("none that CUDA sees; speech is decoded on the CPU")
    obstacle = find_obstacle(0, probe, environ)
    assert obstacle is not None  # noqa: S101 - narrowing: there is no device
    if not asked and "CUDA_VISIBLE_DEVICES" in environ:
        return _note(f"{obstacle.reason}: kept from it; speech is decoded on the CPU")
    return Finding(
        _TOPIC,
        "driver",
        State.PROBLEM,
        obstacle.reason,
        f"{obstacle.advice}; or set engine.device to 'cpu'",
        {"cuda_devices": 0, "driver": driver.version if driver else None},
    )


def _cublas(probe: DeviceProbe) -> Finding:
    obstacle = find_obstacle(probe.cuda_devices(), probe)
    if obstacle is None:
        return Finding(_TOPIC, "cuBLAS", State.OK, "cuBLAS 12 loads (cuDNN is not needed)")
    return Finding(_TOPIC, "cuBLAS", State.PROBLEM, obstacle.reason, obstacle.advice)


def _precision(engine: EngineSettings, choice: DeviceChoice, probe: DeviceProbe) -> Finding:
    supported = sorted(probe.compute_types(choice.device, choice.indices[0]))
    how = "asked for out" if engine.compute_type != "auto" else "the best"
    return Finding(
        "engine",
        "precision",
        State.OK,
        f"{choice.compute_type} on {choice.device}, {how} of {', '.join(supported)}",
        figures={"compute_type": choice.compute_type, "supported": supported},
    )


def _refused(error: BadConfiguration) -> Finding:
    field = error.field or "engine"
    reason, _, _ = error.message.removeprefix(f"{field}: ").partition(";")
    known = error.message.partition("; supported are ")[2]
    advice = {
        "engine.compute_type": "set engine.compute_type to 'auto'"
        + (f", or to one of {known}" if known else ""),
        "engine.device_index": "set engine.device_index to devices that are there, or leave it out",
    }.get(field, f"correct {field}")
    return Finding("engine", field.partition(".")[2], State.PROBLEM, reason, advice)


def examine_memory(
    engine: EngineSettings,
    choice: DeviceChoice,
    weights: Sequence[Weights],
    probe: DeviceProbe,
) -> list[Finding]:
    """Hold the memory of each GPU against what model and batches need; nothing on a CPU.

    What batches take is calculated, from keys and values of full 30 s windows with five beams.
    """
    if choice.device != "cuda":
        return []
    rows = engine.max_batch or _GPU_ROWS
    findings = []
    for index in choice.indices:
        gpu = probe.gpu(index)
        if gpu is None:
            findings.append(_note(f"cuda:{index}: memory unknown; NVML comes with the gpu extra"))
            continue
        if not weights:
            findings.append(_note(f"cuda:{index} {gpu.name}: {_gib(gpu.free_bytes)} free"))
            continue
        needs = [each.gpu_bytes(choice.compute_type, rows) for each in weights]
        loading = sum(need for need, _ in needs)
        most = loading + max(total - need for need, total in needs)
        figures = {
            "gpu": gpu.name,
            "free_bytes": gpu.free_bytes,
            "total_bytes": gpu.total_bytes,
            "loading_bytes": loading,
            "most_bytes": most,
        }
        says = (
            f"cuda:{index} {gpu.name}: {_gib(gpu.free_bytes)} of {_gib(gpu.total_bytes)} free; "
            f"loading needs about {_gib(loading)}, batches of {rows} at most "
            f"{_gib(most - loading)} more (calculated)"
        )
        if loading > gpu.free_bytes:
            advice = (
                "free some (nvidia-smi shows who holds it), set engine.compute_type to "
                "'int8_float16', or choose a smaller model"
            )
            findings.append(Finding(_TOPIC, "memory", State.PROBLEM, says, advice, figures))
        elif most > gpu.free_bytes:
            fits = max(1, (gpu.free_bytes - loading) * rows // (most - loading))
            advice = f"if it runs out under load, set engine.max_batch to {fits} or less"
            findings.append(Finding(_TOPIC, "memory", State.NOTE, says, advice, figures))
        else:
            findings.append(Finding(_TOPIC, "memory", State.OK, says, None, figures))
    return findings


def _note(says: str) -> Finding:
    return Finding(_TOPIC, "GPU", State.NOTE, says)


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
