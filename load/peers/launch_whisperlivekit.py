"""Starts WhisperLiveKit's server with its default policy; runs on the peer's own interpreter.

SimulStreaming takes the encoder from the CTranslate2 model and decodes with PyTorch, which wants
the original checkpoint: it is written from the same weights first, beside the peer's packages.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ct2-model-dir", type=Path, required=True)
    given, rest = parser.parse_known_args()
    folder, heads = write_checkpoint(given.ct2_model_dir, Path(sys.prefix) / "checkpoints")
    sys.argv = [
        "wlk",
        *("--encoder-model-path", str(given.ct2_model_dir)),
        *("--decoder-model-path", str(folder), f"--custom-alignment-heads={heads}"),
        *rest,
    ]
    runpy.run_module("whisperlivekit.basic_server", run_name="__main__")


def write_checkpoint(model_dir: Path, cache: Path) -> tuple[Path, str]:
    """The folder with the checkpoint, and its alignment heads."""
    checkpoint: Any = _beside("checkpoint")
    torch: Any = importlib.import_module("torch")
    weights = model_dir / "model.bin"
    dims, state = checkpoint.original(checkpoint.read_variables(weights))
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    path = cache / f"{model_dir.name}-{digest}" / "model.pt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.items()}
        partial = path.with_suffix(".partial")
        torch.save({"dims": dims, "model_state_dict": tensors}, partial)
        partial.rename(path)
    heads: str = checkpoint.alignment_heads(model_dir / "config.json", dims)
    return path.parent, heads


def _beside(name: str) -> ModuleType:
    """A module of this folder, which isn't on the peer's path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
