"""The searches that need no server: state machines, and fuzzing."""

from __future__ import annotations

import asyncio
import os
import re
import sys

from tests.chaos.trial import Effort, Outcome
from tests.fuzz.run import fuzz
from tests.fuzz.targets import TARGETS
from tests.integration.process import ROOT

_EFFORT = 10
_PASSED = re.compile(r"(\d+) passed")


async def machines(effort: Effort) -> Outcome:
    """The state machines over session and stabiliser, ten times as long as in ``make test``."""
    times = effort.of(_EFFORT)
    outcome = Outcome("machines", f"state machines, {100 * times} sessions, {60 * times} segments")
    files = ["test_session.py", "test_stabilizer_machine.py"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", "--timeout", "3600", "-p", "no:cacheprovider",
        *(f"tests/property/{file}" for file in files),
        cwd=ROOT,
        env={**os.environ, "WIRESCRIBE_EFFORT": str(times)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    written, _ = await process.communicate()
    said = written.decode(errors="replace")
    outcome.expect(process.returncode == 0, said[-2_000:])
    passed = _PASSED.search(said)
    outcome.happened = f"{passed[1] if passed else 0} machines, up to 30 steps each"
    outcome.holds = "no rule broken"
    return outcome


async def fuzzing(effort: Effort) -> Outcome:
    """Every codec, the options, framing and the client, for a while each."""
    outcome = Outcome("fuzzing", f"{len(TARGETS)} targets, {effort.seconds:g} s each")
    told, guided = [], True
    for target in TARGETS:
        result = await asyncio.to_thread(fuzz, target, effort.seconds, effort.seed)
        guided = guided and result.guided
        told.append(f"{target} {result.inputs:,}")
        outcome.expect(not result.crashes, f"{target}: {result.crashes} {result.report}")
    how = "guided by coverage (atheris)" if guided else "blindly: atheris is not installed"
    outcome.happened = f"inputs {how}: {', '.join(told)}"
    outcome.holds = "no defect found"
    return outcome
