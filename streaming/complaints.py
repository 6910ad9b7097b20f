"""What an event loop complains of, as lines of ours: the same one at most once a second.

asyncio's own handler writes a traceback for each. When a process has no file descriptors left, its
accept loop complains as often as its backlog is long, 2,048 times every second, and writing that
takes the time of those who are connected. Its lines quote arguments, too, and those may be what
somebody said.
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable
from typing import Any, Final

from streaming.logs import get_logger

_log = get_logger(__name__)
_EVERY_S: Final = 1.0
_MOST_KINDS: Final = 64
_OUT_OF_FILES: Final = (errno.EMFILE, errno.ENFILE)


class Complaints:
    """A loop's exception handler; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log a complaint, unless that was done just now."""
        # Behind the bracket stands what a callback was called with.
        kind = str(context.get("message", "")).partition("(")[0].strip()[:80]
        now = self._clock()
        if now - self._told.get(kind, -_EVERY_S) < _EVERY_S:
            return
        if len(self._told) >= _MOST_KINDS:
            self._told.clear()
        self._told[kind] = now
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _OUT_OF_FILES:
            advice = "raise the limit of open files (ulimit -n, LimitNOFILE)"
            _log.error("out_of_files", complaint=kind, advice=advice)
        else:
            _log.error("event_loop", complaint=kind, exc_info=error)
