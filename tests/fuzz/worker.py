"""One target under atheris, in a process of its own: libFuzzer never returns.

``python -m tests.fuzz.worker TARGET [libFuzzer options and folders]``
"""

from __future__ import annotations

import sys

import atheris

if __name__ == "__main__":
    with atheris.instrument_imports(include=["streaming"]):
        from tests.fuzz.targets import TARGETS
    name, *rest = sys.argv[1:]
    atheris.Setup([sys.argv[0], *rest], TARGETS[name])
    atheris.Fuzz()
