"""Where models are cached."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from streaming.models.errors import CacheUnusable


def default_models_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache folder: ``WIRESCRIBE_MODELS_DIR``, or the platform's place for caches.

    Raises ``CacheUnusable`` when neither is known.
    """
    if given := environ.get("WIRESCRIBE_MODELS_DIR"):
        return Path(given).expanduser()
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        # An empty or relative value is to be ignored (XDG Base Directory Specification).
        xdg = environ.get("XDG_CACHE_HOME", "")
        base = xdg if Path(xdg).is_absolute() else "~/.cache"
    try:
        return Path(base or "~/.cache").expanduser() / "wirescribe" / "models"
    except RuntimeError as error:
        raise CacheUnusable(
            "the model cache has no place: this user has no home directory",
            advice="Set WIRESCRIBE_MODELS_DIR to a folder for models.",
        ) from error
