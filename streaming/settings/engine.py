"""The settings of the model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from streaming.confidence import Calibration
from streaming.settings.section import HomePath, Section


class EngineSettings(Section):
    """Which model runs, and where. ``auto`` is decided at start-up and logged."""

    model: str = Field(
        default="auto",
        description="a name of `wirescribe models list`, or a folder; auto: large-v3 on a GPU, "
        "base on a CPU",
    )
    partial_model: str = Field(
        default="",
        description="a second, smaller model that decodes partials, on the same device; finals "
        "are the model's; empty: none",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="what computes; auto: a GPU if there is one"
    )
    device_index: tuple[int, ...] = Field(
        default=(), description="which CUDA devices, one copy of the model on each; empty: all"
    )
    compute_type: str = Field(
        default="auto",
        description="precision: float16, int8_float16, int8, float32, …; auto: the best that the "
        "device computes natively",
    )
    workers: int = Field(
        default=0, ge=0, le=64, description="decoding threads a device; 0: one a core, one a GPU"
    )
    max_batch: int = Field(
        default=0,
        ge=0,
        le=64,
        description="stretches of speech decoded together; 0: 6 on a CPU, 16 on a GPU",
    )
    models_dir: HomePath = Field(
        default=None,
        description="where models are kept; not set: WIRESCRIBE_MODELS_DIR, else the user's cache",
    )
    offline: bool = Field(default=False, description="never fetch a model; it must be there")
    calibration: tuple[float, ...] = Field(
        default=(),
        description="three weights that make the model's probabilities confidences, as "
        "`python -m load calibrate` prints them; empty: those of base",
    )

    word_lead_ms: int | None = Field(
        default=None,
        ge=-500,
        le=500,
        description="by how much the model's word alignment runs ahead of the sound, which is "
        "taken back; not set: as measured for the model, or for base",
    )

    stuck_s: float = Field(
        default=30.0,
        gt=0,
        le=3_600,
        description="time after which a call of the model is given up and the model loaded anew; "
        "longer where it is known to be slow",
    )
    max_restarts: int = Field(
        default=3,
        ge=0,
        le=100,
        description="times in ten minutes that a stuck or broken model is loaded anew before the "
        "server ends with status 70",
    )

    @field_validator("calibration")
    @classmethod
    def _ordering(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) not in (0, 3):
            raise ValueError(f"{len(value)} weights, not three")
        if value:
            Calibration(*value)
        return value
