"""``python -m tests.chaos``: everything that is tried on the server, and a table of what happened.

The whole takes about as long as its soak (``--minutes``) and ten minutes more; ``--only`` picks
trials, ``--scale`` multiplies their counts. The status is 1 when anything was not as it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.crowd import crowd
from tests.chaos.cuts import cuts, forgotten
from tests.chaos.faults import faults
from tests.chaos.hostile import hostile
from tests.chaos.malformed import malformed
from tests.chaos.searches import fuzzing, machines
from tests.chaos.soak import soak
from tests.chaos.storm import storm
from tests.chaos.trial import Effort, Outcome, Trial

TRIALS: Mapping[str, Trial] = {
    "machines": machines,
    "fuzzing": fuzzing,
    "hostile": hostile,
    "malformed": malformed,
    "storm": storm,
    "crowd": crowd,
    "cuts": cuts,
    "forgotten": forgotten,
    "faults": faults,
    "soak": soak,
}
_SOAKING = ("soak",)
_SHORT_S = 30.0  # what just runs, but is no soak


def main() -> int:
    """Try everything that was asked for; print the table."""
    asked = _arguments()
    chosen = asked.only or [name for name in TRIALS if name not in asked.skip]
    outcomes: list[tuple[Outcome, float]] = []
    for name in chosen:
        seconds = asked.minutes * 60 if name in _SOAKING else _SHORT_S * min(1.0, asked.scale)
        began = time.monotonic()
        try:
            outcome = asyncio.run(TRIALS[name](Effort(asked.scale, seconds, asked.seed)))
        except Exception as error:  # a trial that can't be made is a failure, not the end
            outcome = Outcome(name, "could not be tried", f"{type(error).__name__}: {error}")
            outcome.failures.append(outcome.happened)
        took = time.monotonic() - began
        outcomes.append((outcome, took))
        _say(f"{'good' if outcome.good else 'BAD '} {name} ({took:.0f} s): {outcome.tried}")
        _say(f"     {outcome.told}")
        for failure in outcome.failures:
            _say(f"     ! {failure}")
    _say("\n" + table(outcomes))
    if asked.json is not None:
        rows = [
            {"trial": o.name, "tried": o.tried, "happened": o.told, "failures": o.failures,
             "figures": o.figures, "took_s": round(took, 1)}
            for o, took in outcomes
        ]  # fmt: skip
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if all(outcome.good for outcome, _ in outcomes) else 1


def table(outcomes: list[tuple[Outcome, float]]) -> str:
    """The outcomes in Markdown."""
    lines = ["| trial | what was tried | what happened |", "|---|---|---|"]
    for outcome, _ in outcomes:
        lines.append(f"| {outcome.name} | {outcome.tried} | {outcome.told} |")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(TRIALS), metavar="TRIAL")
    parser.add_argument("--skip", nargs="+", choices=list(TRIALS), metavar="TRIAL", default=[])
    parser.add_argument("--minutes", type=float, default=3.0, help="of the soak (default: 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="of all counts (default: 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the outcomes to this file as well")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
