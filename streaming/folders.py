"""The user's own folders, where the platform has them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def users_own(environ: Mapping[str, str], *, windows: str, xdg: str, usual: str) -> Path:
    """Return the folder that a variable names, ``windows`` there and ``xdg`` elsewhere.

    ``usual`` stands in for one that is not set, and begins with ``~``. Raises RuntimeError where it
    is needed and the user has no home.
    """
    base = environ.get(windows if sys.platform == "win32" else xdg, "")
    if sys.platform != "win32" and not Path(base).is_absolute():
        base = ""  # an empty or relative value is to be ignored (XDG Base Directory Specification)
    return Path(base or usual).expanduser()
