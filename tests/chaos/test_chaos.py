"""The short form of every trial: the same code as ``make chaos``, and little of it."""

from __future__ import annotations

import random

import pytest

from tests.chaos.crowd import crowd
from tests.chaos.cuts import cuts, forgotten
from tests.chaos.faults import faults
from tests.chaos.hostile import ATTACKS, SLOW
from tests.chaos.malformed import ROUTES, malformed
from tests.chaos.soak import soak
from tests.chaos.storm import storm
from tests.chaos.trial import Effort, Trial
from tests.chaos.victim import victim
from tests.fuzz.targets import DIALECTS

_SHORT: dict[Trial, float] = {
    malformed: 0.02,
    storm: 0.05,
    crowd: 0.15,
    cuts: 0.02,
    forgotten: 0.03,
    soak: 0.4,
}


async def test_hostile() -> None:
    """All that are quick, one after the other; what is left behind shows at the end."""
    async with victim(
        WIRESCRIBE_LIMITS__START_TIMEOUT_MS="300", WIRESCRIBE_LIMITS__RESUME_MS="0"
    ) as server:
        await server.serves()
        before = await server.held()
        for attack in (a for a in ATTACKS if a not in SLOW):
            await attack(server, random.Random(3))
            await server.serves()
        await server.settled(before)
        server.assert_no_defects()


@pytest.mark.parametrize("trial", _SHORT, ids=lambda trial: trial.__name__)
async def test_short(trial: Trial) -> None:
    outcome = await trial(Effort(scale=_SHORT[trial], seconds=2.0))
    assert outcome.good, outcome.failures


async def test_faults() -> None:
    outcome = await faults(Effort(scale=0.2))
    assert outcome.good, outcome.failures


def test_every_dialect_has_its_route() -> None:
    assert set(ROUTES) == set(DIALECTS)
