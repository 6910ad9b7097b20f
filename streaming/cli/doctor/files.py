"""The models on disk: there, whole, of one piece; and room for those that are to be fetched."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from streaming.cli.doctor.finding import Finding, State
from streaming.cli.doctor.weights import Weights, read_weights
from streaming.models import ModelState, Progress, default_models_dir, verify
from streaming.models.errors import ModelError, megabytes
from streaming.models.files import inspect_directory
from streaming.models.registry import find, unknown
from streaming.settings import EngineSettings

_SPACE_FACTOR = 2.2  # the downloaded parts and what is put together from them


@dataclass(frozen=True, slots=True)
class ExaminedModel:
    """One model: what was found, where it lies and its shape if it can be loaded now.

    ``to_fetch_bytes`` is the size of what the first start will fetch.
    """

    finding: Finding
    path: Path | None = None
    weights: Weights | None = None
    to_fetch_bytes: int = 0


def examine_model(
    name: str, setting: str, engine: EngineSettings, progress: Progress | None = None
) -> ExaminedModel:
    """Read every byte of a model known by name, or look into a user's folder; fetch nothing.

    ``setting`` is the one that names the model.
    """
    label = setting.replace("_", " ")
    try:
        spec = find(name)
        if spec is None:
            return _directory(name, label)
        (row,) = verify([name], models_dir=engine.models_dir, progress=progress)
    except ModelError as error:
        advice = f"correct engine.{setting}; {error.advice}"
        return ExaminedModel(
            Finding("models", label, State.PROBLEM, error.message, advice, {"model": name})
        )
    figures = {"model": row.name, "bytes": row.size_bytes, "state": row.state.value}
    if row.state is ModelState.READY and row.path is not None:
        says = f"{row.name}: whole, every digest right, {megabytes(row.size_bytes)}"
        weights = read_weights(row.path / "model.bin")
        mismatch = _mismatch(row.path, weights, spec.mel_bins)
        if mismatch:
            return ExaminedModel(_foreign(label, row.name, mismatch))
        return ExaminedModel(
            Finding("models", label, State.OK, says, None, figures), row.path, weights
        )
    mend = f"wirescribe models fetch {row.name}"
    if row.state is ModelState.DAMAGED:
        says = f"{row.name} is damaged: {row.problem}"
        advice = f"mend it: {mend}" + (" (engine.offline is set)" if engine.offline else "")
        return ExaminedModel(Finding("models", label, State.PROBLEM, says, advice, figures))
    says = f"{row.name} is not fetched yet ({megabytes(row.size_bytes)})"
    if engine.offline:
        advice = f"engine.offline is set: fetch it where there is a network with: {mend}"
        return ExaminedModel(Finding("models", label, State.PROBLEM, says, advice, figures))
    advice = f"the first start fetches it; or now: {mend}"
    return ExaminedModel(
        Finding("models", label, State.NOTE, says, advice, figures), to_fetch_bytes=row.size_bytes
    )


def _directory(given: str, label: str) -> ExaminedModel:
    path = Path(given).expanduser()
    if not given or not path.is_dir():
        raise unknown(given)
    files = inspect_directory(path)
    weights = read_weights(files.path / "model.bin")
    figures = {"model": files.name, "bytes": files.size_bytes}
    if weights is None:
        return ExaminedModel(
            _foreign(label, files.name, "its model.bin is damaged, or no Whisper model")
        )
    if mismatch := _mismatch(files.path, weights, files.mel_bins):
        return ExaminedModel(_foreign(label, files.name, mismatch))
    says = f"{files.name}: complete, {megabytes(files.size_bytes)} (a folder's digests are unknown)"
    return ExaminedModel(
        Finding("models", label, State.OK, says, None, figures), files.path, weights
    )


def _mismatch(folder: Path, weights: Weights | None, mel_bins: int | None) -> str | None:
    """Return how the files contradict each other, or None."""
    if weights is None:
        return None
    if mel_bins is not None and mel_bins != weights.mel_bins:
        return f"its weights take {weights.mel_bins} mel bins instead of {mel_bins}"
    vocabulary = folder / "vocabulary.json"
    if vocabulary.is_file():
        tokens = len(json.loads(vocabulary.read_bytes()))
        padded = weights.tokens % 8 == 0 and 0 < weights.tokens - tokens < 8  # for the GPU's sake
        if weights.tokens != tokens and not padded:
            return f"its vocabulary has {tokens} tokens, its weights {weights.tokens}"
    return None


def _foreign(label: str, name: str, mismatch: str) -> Finding:
    return Finding(
        "models",
        label,
        State.PROBLEM,
        f"{name}: {mismatch}",
        "convert or fetch the model again, all files of it together",
        {"model": name},
    )


def examine_disk(engine: EngineSettings, to_fetch_bytes: int) -> Finding:
    """Look whether the cache can be written and holds what is still to be fetched."""
    root = engine.models_dir or default_models_dir()
    needed = round(to_fetch_bytes * _SPACE_FACTOR)
    there = next(path for path in (root, *root.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    figures = {"free_bytes": free, "needed_bytes": needed, "folder": str(root)}
    if needed and not os.access(there, os.W_OK):
        return Finding(
            "models",
            "disk",
            State.PROBLEM,
            f"{root} can't be written",
            "set WIRESCRIBE_MODELS_DIR to a folder that can",
            figures,
        )
    says = f"{megabytes(free)} free in {root}"
    if free < needed:
        return Finding(
            "models",
            "disk",
            State.PROBLEM,
            f"{says}, {megabytes(needed)} are needed",
            "free some, or set WIRESCRIBE_MODELS_DIR to a folder on a larger disk",
            figures,
        )
    return Finding("models", "disk", State.OK, says, None, figures)
