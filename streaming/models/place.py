"""Where models are cached."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from streaming.folders import users_own
from streaming.models.errors import CacheUnusable


def default_models_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache folder: ``WIRESCRIBE_MODELS_DIR``, or the platform's place for caches.

    Raises ``CacheUnusable`` when neither is known.
    """
    if given := environ.get("WIRESCRIBE_MODELS_DIR"):
        return Path(given).expanduser()
    try:
        if sys.platform == "darwin":
            base = Path("~/Library/Caches").expanduser()
        else:
            base = users_own(
                environ, windows="LOCALAPPDATA", xdg="XDG_CACHE_HOME", usual="~/.cache"
            )
    except RuntimeError as error:
        raise CacheUnusable(
            "the model cache has no place: this user has no home directory",
            advice="Set WIRESCRIBE_MODELS_DIR to a folder for models.",
        ) from error
    return base / "wirescribe" / "models"
