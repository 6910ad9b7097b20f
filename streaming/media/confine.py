"""What a process that decodes for strangers is kept from."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import Final

MEMORY_BYTES: Final = 1 << 30
"""Address space: five times what the libraries and a film's sound need."""

_PR_SET_PDEATHSIG: Final = 1


def confine(*, with_parent: bool = False) -> None:
    """Bound the memory of this process and keep it from leaving core files.

    ``with_parent``: on Linux it ends with the process that started it, whatever it is doing.
    """
    if with_parent and sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # a lower limit may be in force already
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
