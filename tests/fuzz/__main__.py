"""``python -m tests.fuzz [TARGET…] [--seconds N] [--distil]``: fuzz, and keep what was found."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.run import distil, fuzz
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Fuzz the targets named, or all; the status is 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=30.0, help="for each (default: 30)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--distil", action="store_true", help="write the corpus anew: the least that reaches all"
    )
    asked = parser.parse_args()
    unknown = set(asked.targets) - set(TARGETS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(TARGETS)}")
    found = 0
    for target in asked.targets or TARGETS:
        if asked.distil:
            _say(f"{target}: {distil(target, asked.seconds)} inputs kept")
            continue
        result = fuzz(target, asked.seconds, asked.seed)
        how = "by coverage" if result.guided else "blindly (atheris is not installed)"
        _say(f"{target}: {result.inputs} inputs {how}, {len(result.crashes)} failed")
        for crash in result.crashes:
            _say(f"  {crash}")
        if result.crashes:
            _say(result.report)
        found += len(result.crashes)
    return 1 if found else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
