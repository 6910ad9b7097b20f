"""The ``wirescribe`` command with a scripted engine, as a process: signals, pipes and terminals.

``FAKE_DELAY_S`` is how long each batch takes, ``FAKE_BATCH`` how many requests fit into one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from streaming.cli import engine, main
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.settings import EngineSettings


def loader(settings: EngineSettings) -> Callable[[], Sequence[Engine]]:
    """Stands in for the real one."""
    delay_s, most = float(os.environ["FAKE_DELAY_S"]), int(os.environ["FAKE_BATCH"])
    return lambda: [FakeEngine(delay_s=delay_s, max_batch=most)]


if __name__ == "__main__":
    engine.find_model = lambda *_: None
    engine.loader = loader
    sys.exit(main())
