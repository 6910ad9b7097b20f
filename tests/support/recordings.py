"""Where the measuring recordings and the embedded model are, for the tests that need them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from load.manifest import Recording, read_manifest
from tests.support.server import ROOT


def speech_folder() -> Path:
    """``WIRESCRIBE_SPEECH_DIR``, or ``shared/speech`` beside the repository; skips without."""
    named = os.environ.get("WIRESCRIBE_SPEECH_DIR")
    folder = Path(named) if named else ROOT.parent / "shared" / "speech"
    if not (folder / "manifest.jsonl").is_file():
        pytest.skip(f"no measuring recordings in {folder}")
    return folder


def recordings() -> list[Recording]:
    """All of them, in the manifest's order."""
    return read_manifest(speech_folder() / "manifest.jsonl")


def embedded_model() -> str:
    """Name or folder of the embedded model; skips where it has not been fetched.

    ``WIRESCRIBE_ENGINE__MODEL`` may name a folder that holds the same model.
    """
    from streaming.models import EMBEDDED, ModelError, resolve

    name = os.environ.get("WIRESCRIBE_ENGINE__MODEL", EMBEDDED)
    try:
        resolve(name, offline=True)
    except ModelError as error:
        pytest.skip(f"the model is not here: {error}")
    return name
