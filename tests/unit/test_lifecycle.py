"""A server starts, serves, drains and stops, in this order only."""

from __future__ import annotations

import itertools

import pytest

from streaming.lifecycle import Life, Lifecycle

ALLOWED = {
    (Life.STARTING, Life.READY),
    (Life.STARTING, Life.STOPPED),
    (Life.READY, Life.DRAINING),
    (Life.READY, Life.STOPPED),
    (Life.DRAINING, Life.STOPPED),
}
WAYS = {
    Life.STARTING: (),
    Life.READY: (Life.READY,),
    Life.DRAINING: (Life.READY, Life.DRAINING),
    Life.STOPPED: (Life.STOPPED,),
}


@pytest.mark.parametrize("here, there", list(itertools.product(Life, Life)))
def test_every_move_is_either_allowed_or_raises(here: Life, there: Life) -> None:
    lifecycle = Lifecycle()
    for step in WAYS[here]:
        lifecycle.move(step)
    assert lifecycle.life is here
    if (here, there) in ALLOWED:
        lifecycle.move(there)
        assert lifecycle.life is there
    else:
        with pytest.raises(ValueError, match=f"{here.value} can't become {there.value}"):
            lifecycle.move(there)
        assert lifecycle.life is here
