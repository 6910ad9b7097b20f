from __future__ import annotations

from collections.abc import Mapping

from streaming.decoding import Kind
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine, count_words
from streaming.engine.wrapped import WrappedEngine
from tests.support.work import request


class Inner(FakeEngine):
    """Tells what the fake one has nothing to tell of."""

    closed = False

    def memory_used_bytes(self) -> int:
        return 7

    def stage_seconds(self) -> Mapping[str, float]:
        return {"encode": 1.5}

    def close(self) -> None:
        self.closed = True


def test_everything_is_handed_on() -> None:
    inner = Inner()
    engine: Engine = WrappedEngine(inner)
    asked = request(Kind.FINAL, 1)
    assert engine.info is inner.info
    assert engine.batch_key(asked) == inner.batch_key(asked)
    assert engine.decode([asked], beam=5) == [count_words(asked)]
    assert (engine.memory_used_bytes(), engine.stage_seconds()) == (7, {"encode": 1.5})
    engine.close()
    assert inner.closed
