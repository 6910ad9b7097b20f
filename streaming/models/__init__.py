"""Speech models: known by name or directory, cached, checked, fetched when they must be."""

from __future__ import annotations

from streaming.models.command import ModelRow, ModelState, fetch, list_models, resolve, verify
from streaming.models.errors import (
    CacheUnusable,
    DamagedModel,
    FetchFailed,
    IncompleteModel,
    ModelError,
    UnknownModel,
)
from streaming.models.files import ModelFiles
from streaming.models.place import default_models_dir
from streaming.models.progress import FetchProgress, Progress
from streaming.models.registry import EMBEDDED

__all__ = [
    "EMBEDDED",
    "CacheUnusable",
    "DamagedModel",
    "FetchFailed",
    "FetchProgress",
    "IncompleteModel",
    "ModelError",
    "ModelFiles",
    "ModelRow",
    "ModelState",
    "Progress",
    "UnknownModel",
    "default_models_dir",
    "fetch",
    "list_models",
    "resolve",
    "verify",
]
