"""How long the searching tests search: ``WIRESCRIBE_EFFORT`` times as long as in ``make test``."""

from __future__ import annotations

import os


def effort() -> int:
    """The factor; 1 unless told otherwise."""
    return max(1, int(os.environ.get("WIRESCRIBE_EFFORT") or 1))
