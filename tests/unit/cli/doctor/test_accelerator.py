"""What is found of GPUs, on machines that a stand-in pretends to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streaming.cli.doctor.accelerator import Examined, examine, examine_memory
from streaming.cli.doctor.finding import Finding, State
from streaming.cli.doctor.weights import Weights
from streaming.engine.cuda import Driver, Gpu
from streaming.engine.device import DeviceChoice, DeviceProbe
from streaming.settings import EngineSettings

AMPERE = frozenset({"float16", "bfloat16", "int8", "int8_float16", "float32"})
PASCAL = frozenset({"int8", "int8_float32", "float32"})
GIB = 2**30
LARGE = Weights(1_543_490_560, 1280, 32, 128, 51_866)
TURBO = Weights(808_878_080, 1280, 4, 128, 51_866)


@dataclass
class Machine(DeviceProbe):
    gpus: Sequence[frozenset[str]] = ()
    has_cublas: bool = True
    nvidia: Driver | None = None
    memory: Gpu | None = None

    def cuda_devices(self) -> int:
        return len(self.gpus)

    def compute_types(self, device: str, index: int) -> frozenset[str]:
        return self.gpus[index] if device == "cuda" else frozenset({"int8", "float32"})

    def cublas(self) -> bool:
        return self.has_cublas

    def driver(self) -> Driver | None:
        return self.nvidia

    def gpu(self, index: int) -> Gpu | None:
        return self.memory


def look(machine: Machine, environ: Mapping[str, str] | None = None, **settings: Any) -> Examined:
    return examine(EngineSettings(**settings), machine, environ or {})


def problem(examined: Examined) -> Finding:
    (found,) = [each for each in examined.findings if each.state is State.PROBLEM]
    assert found.advice
    return found


NEW = Driver("550.54", 1)
OLD = Driver("470.82", 1)


def test_without_a_gpu_it_says_so_plainly() -> None:
    examined = look(Machine())
    assert [each.state for each in examined.findings] == [State.NOTE, State.OK]
    assert examined.findings[0].says == "none that CUDA sees; speech is decoded on the CPU"
    assert examined.choice == DeviceChoice("cpu", (0,), "int8", "base")


def test_a_gpu_in_order() -> None:
    examined = look(Machine([AMPERE], nvidia=NEW))
    assert [(each.name, each.state) for each in examined.findings] == [
        ("driver", State.OK), ("cuBLAS", State.OK), ("precision", State.OK),
    ]  # fmt: skip
    assert "driver 550.54, CUDA sees 1 device" in examined.findings[0].says
    assert examined.choice == DeviceChoice("cuda", (0,), "float16", "large-v3")


def test_no_driver_where_a_gpu_was_asked_for() -> None:
    for settings in ({"device": "cuda"}, {"device_index": (0,)}):
        examined = look(Machine(), **settings)
        found = problem(examined)
        assert (found.name, examined.choice) == ("driver", None)
        assert "no CUDA device is visible" in found.says
        assert "525 or newer" in str(found.advice)
        assert "'cpu'" in str(found.advice)


def test_a_driver_too_old_is_a_problem_even_if_the_cpu_would_do() -> None:
    for device in ("auto", "cuda"):
        found = problem(look(Machine(nvidia=OLD), device=device))
        assert "driver 470.82" in found.says
        assert "525" in str(found.advice)
    assert look(Machine(nvidia=OLD)).choice is not None
    assert all(
        f.state is not State.PROBLEM for f in look(Machine(nvidia=OLD), device="cpu").findings
    )


def test_no_cublas() -> None:
    machine = Machine([AMPERE], nvidia=NEW, has_cublas=False)
    for device, chosen in (("auto", "cpu"), ("cuda", None)):
        examined = look(machine, device=device)
        found = problem(examined)
        assert found.name == "cuBLAS"
        assert "pip install 'wirescribe[gpu]'" in str(found.advice)
        assert (examined.choice.device if examined.choice else None) == chosen


def test_a_precision_that_the_gpu_lacks() -> None:
    examined = look(Machine([PASCAL], nvidia=NEW), compute_type="float16")
    found = problem(examined)
    assert (found.name, examined.choice) == ("compute_type", None)
    assert found.says == "'float16' is not supported on cuda"
    assert "'auto'" in str(found.advice)
    assert "float32, int8, int8_float32" in str(found.advice)


def test_a_gpu_that_is_not_there() -> None:
    found = problem(look(Machine([AMPERE], nvidia=NEW), device_index=(3,)))
    assert found.name == "device_index"
    assert "3 is not" in found.says


def test_hidden_gpus() -> None:
    hidden = {"CUDA_VISIBLE_DEVICES": ""}
    assert all(
        each.state is not State.PROBLEM for each in look(Machine(nvidia=NEW), hidden).findings
    )
    found = problem(look(Machine(nvidia=NEW), hidden, device="cuda"))
    assert "CUDA_VISIBLE_DEVICES=''" in found.says
    assert "unset it" in str(found.advice)


def test_bindings_that_are_missing_are_no_problem() -> None:
    examined = look(Machine([AMPERE]))
    assert "driver unknown" in examined.findings[0].says
    assert examined.choice is not None


# -- memory --------------------------------------------------------------------------------------

CUDA = DeviceChoice("cuda", (0,), "float16", "large-v3")


def memory(
    free: float, *shapes: Weights, max_batch: int = 0, choice: DeviceChoice = CUDA
) -> Finding:
    machine = Machine([AMPERE], memory=Gpu("L4", 24 * GIB, int(free * GIB)))
    engine = EngineSettings(max_batch=max_batch)
    (found,) = examine_memory(engine, choice, shapes, machine)
    return found


def test_too_little_memory_to_load() -> None:
    found = memory(2.0, LARGE)
    assert (found.name, found.state) == ("memory", State.PROBLEM)
    assert "cuda:0 L4: 2.0 GiB of 24.0 GiB free" in found.says
    assert "int8_float16" in str(found.advice)


def test_memory_for_loading_but_not_for_full_batches() -> None:
    found = memory(8.0, LARGE)
    assert found.state is State.NOTE
    assert "calculated" in found.says
    fits = int(str(found.advice).partition("max_batch to ")[2].split()[0])
    assert 1 <= fits < 16
    assert memory(8.0, LARGE, max_batch=fits).state is State.OK


def test_enough_memory() -> None:
    assert memory(22.0, LARGE).state is State.OK


def test_two_models_need_the_memory_of_both_and_one_batch_at_a_time() -> None:
    alone, both = memory(22.0, LARGE).figures, memory(22.0, LARGE, TURBO).figures
    assert isinstance(alone["loading_bytes"], int)
    assert isinstance(both["loading_bytes"], int)
    assert both["loading_bytes"] > alone["loading_bytes"]
    assert isinstance(alone["most_bytes"], int)
    assert isinstance(both["most_bytes"], int)
    batches = alone["most_bytes"] - alone["loading_bytes"]
    assert both["most_bytes"] - both["loading_bytes"] == batches


def test_memory_that_is_not_known() -> None:
    (found,) = examine_memory(EngineSettings(), CUDA, [LARGE], Machine([AMPERE]))
    assert found.state is State.NOTE
    assert memory(5.0).state is State.NOTE
    assert (
        examine_memory(EngineSettings(), DeviceChoice("cpu", (0,), "int8", "base"), [], Machine())
        == []
    )
