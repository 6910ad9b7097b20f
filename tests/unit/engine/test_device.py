from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
import structlog

from streaming.engine.cuda import Driver
from streaming.engine.device import DeviceChoice, DeviceProbe, choose_device
from streaming.errors import BadConfiguration

CPU_TYPES = frozenset({"int8", "int8_float32", "int16", "float32"})
VOLTA = frozenset({"float16", "int8", "int8_float16", "int8_float32", "float32"})
AMPERE = VOLTA | {"bfloat16", "int8_bfloat16"}
PASCAL = frozenset({"int8", "int8_float32", "float32"})


@dataclass
class Machine(DeviceProbe):
    """A machine with these GPUs, each with its precisions."""

    gpus: Sequence[frozenset[str]] = ()
    has_cublas: bool = True
    nvidia: Driver | None = None
    cpu: frozenset[str] = CPU_TYPES
    asked: list[tuple[str, int]] = field(default_factory=list)

    def cuda_devices(self) -> int:
        return len(self.gpus)

    def compute_types(self, device: str, index: int) -> frozenset[str]:
        self.asked.append((device, index))
        return self.gpus[index] if device == "cuda" else self.cpu

    def cublas(self) -> bool:
        return self.has_cublas

    def driver(self) -> Driver | None:
        return self.nvidia


def choose(
    machine: Machine,
    *,
    device: str = "auto",
    compute_type: str = "auto",
    model: str = "auto",
    indices: Sequence[int] = (),
    environ: Mapping[str, str] | None = None,
) -> DeviceChoice:
    return choose_device(
        device=device,
        compute_type=compute_type,
        model=model,
        indices=indices,
        probe=machine,
        environ=environ or {},
    )


def refusal(machine: Machine, **settings: object) -> BadConfiguration:
    with pytest.raises(BadConfiguration) as caught:
        choose(machine, **settings)  # type: ignore[arg-type]
    return caught.value


# -- what is chosen ----------------------------------------------------------------------------


def test_without_a_gpu_the_embedded_model_runs_in_int8() -> None:
    assert choose(Machine()) == DeviceChoice("cpu", (0,), "int8", "base")


def test_on_a_gpu_it_is_large_v3_in_float16() -> None:
    assert choose(Machine([AMPERE])) == DeviceChoice("cuda", (0,), "float16", "large-v3")


def test_every_gpu_is_used() -> None:
    assert choose(Machine([AMPERE] * 4)).indices == (0, 1, 2, 3)


def test_only_the_gpus_named_are_used_and_each_once() -> None:
    machine = Machine([PASCAL, AMPERE, AMPERE, VOLTA])
    assert choose(machine, indices=(3, 1, 3)) == DeviceChoice("cuda", (3, 1), "float16", "large-v3")
    assert machine.asked == [("cuda", 3), ("cuda", 1)]


@pytest.mark.parametrize(
    ("gpus", "precision"),
    [
        ([VOLTA], "float16"),
        ([AMPERE, VOLTA], "float16"),
        ([PASCAL], "int8"),
        ([AMPERE, PASCAL], "int8"),
        ([frozenset({"bfloat16", "float32"})], "bfloat16"),
        ([frozenset({"float32"})], "float32"),
    ],
)
def test_the_precision_is_the_best_that_all_of_them_have(
    gpus: list[frozenset[str]], precision: str
) -> None:
    assert choose(Machine(gpus)).compute_type == precision


@pytest.mark.parametrize(
    ("cpu", "precision"),
    [
        (CPU_TYPES, "int8"),
        (frozenset({"int8_float32", "float32"}), "int8_float32"),
        (frozenset({"float32"}), "float32"),
    ],
)
def test_a_cpu_without_int8_has_something_else(cpu: frozenset[str], precision: str) -> None:
    assert choose(Machine(cpu=cpu)).compute_type == precision


def test_every_part_can_be_overridden() -> None:
    machine = Machine([AMPERE])
    assert choose(machine, device="cpu") == DeviceChoice("cpu", (0,), "int8", "base")
    assert choose(machine, device="cpu", model="small", compute_type="float32") == DeviceChoice(
        "cpu", (0,), "float32", "small"
    )
    assert choose(machine, compute_type="int8_float16", model="turbo") == DeviceChoice(
        "cuda", (0,), "int8_float16", "turbo"
    )


def test_the_cpu_is_chosen_without_asking_for_gpus() -> None:
    class NoGpuPlease(Machine):
        def cuda_devices(self) -> int:
            raise AssertionError("a GPU was asked for")

    assert choose(NoGpuPlease(), device="cpu", indices=(2,)).device == "cpu"


# -- what is refused, and how ------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"device": "cuda"}, {"indices": (0,)}])
def test_cuda_without_a_gpu_says_what_to_check(settings: dict[str, object]) -> None:
    error = refusal(Machine(), **settings)
    assert error.field == "engine.device"
    for hint in ("no CUDA device is visible", "driver", "525", "container", "'cpu'"):
        assert hint in error.message


@pytest.mark.parametrize("visible", ["", "-1", "7", "GPU-gone"])
def test_cuda_with_every_gpu_hidden_says_so(visible: str) -> None:
    error = refusal(
        Machine(nvidia=Driver("550.54", 2)),
        device="cuda",
        environ={"CUDA_VISIBLE_DEVICES": visible},
    )
    assert f"CUDA_VISIBLE_DEVICES={visible!r}" in error.message


def test_cuda_with_an_old_driver_says_so() -> None:
    error = refusal(Machine(nvidia=Driver("470.82.01", 2)), device="cuda")
    assert "2 GPU(s) that driver 470.82.01 shows" in error.message
    assert "525 or newer" in error.message


def test_cuda_without_cublas_says_what_to_install() -> None:
    error = refusal(Machine([AMPERE], has_cublas=False), device="cuda")
    assert "pip install 'wirescribe[gpu]'" in error.message


@pytest.mark.parametrize(
    ("gpus", "index", "said"),
    [(1, 1, "the only CUDA device, 0"), (4, 4, "0 to 3"), (4, -1, "0 to 3")],
)
def test_a_gpu_that_is_not_there(gpus: int, index: int, said: str) -> None:
    error = refusal(Machine([AMPERE] * gpus), indices=(0, index))
    assert error.field == "engine.device_index"
    assert f"{index} is not {said}" in error.message


def test_a_precision_that_one_gpu_has_not() -> None:
    error = refusal(Machine([AMPERE, PASCAL]), compute_type="float16")
    assert error.field == "engine.compute_type"
    assert "'float16' is not supported on cuda; supported are float32, int8, int8_float32" in (
        error.message
    )


def test_a_precision_that_a_cpu_has_not() -> None:
    assert "'float16' is not supported on cpu" in refusal(Machine(), compute_type="float16").message


def test_a_device_that_does_not_exist() -> None:
    error = refusal(Machine(), device="tpu")
    assert "'tpu' is not one of auto, cpu, cuda" in error.message


# -- GPUs that are passed over -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (Machine([AMPERE], has_cublas=False), "wirescribe[gpu]"),
        (Machine(nvidia=Driver("470.82", 1)), "525 or newer"),
    ],
)
def test_a_gpu_nobody_asked_for_is_passed_over_and_the_log_says_why(
    machine: Machine, reason: str
) -> None:
    with structlog.testing.capture_logs() as lines:
        assert choose(machine) == DeviceChoice("cpu", (0,), "int8", "base")
    assert [line["event"] for line in lines] == ["gpu_not_used"]
    assert reason in lines[0]["reason"]


@pytest.mark.parametrize(
    ("machine", "environ"),
    [
        (Machine(), {}),
        (Machine(nvidia=Driver("550", 0)), {}),
        (Machine(nvidia=Driver("550", 1)), {"CUDA_VISIBLE_DEVICES": ""}),
    ],
)
def test_nothing_is_said_where_there_is_no_gpu_or_none_wanted(
    machine: Machine, environ: dict[str, str]
) -> None:
    with structlog.testing.capture_logs() as lines:
        assert choose(machine, environ=environ).device == "cpu"
    assert lines == []


def test_this_machine_can_be_asked() -> None:
    probe = DeviceProbe()
    assert probe.cuda_devices() >= 0
    assert "float32" in probe.compute_types("cpu", 0)
    assert choose_device(
        device="cpu", compute_type="auto", model="auto", indices=(), probe=probe
    ).compute_type in probe.compute_types("cpu", 0)
