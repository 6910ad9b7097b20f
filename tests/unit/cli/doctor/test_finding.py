from __future__ import annotations

import pytest

from streaming.cli.doctor.finding import Finding, State


@pytest.mark.parametrize("advice", [None, ""])
def test_a_problem_says_what_to_do(advice: str | None) -> None:
    with pytest.raises(ValueError, match="port"):
        Finding("network", "port", State.PROBLEM, "taken", advice)


@pytest.mark.parametrize("state", [State.OK, State.NOTE])
def test_what_is_no_problem_needs_no_advice(state: State) -> None:
    assert Finding("network", "port", state, "free").advice is None
