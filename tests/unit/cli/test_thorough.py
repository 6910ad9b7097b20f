"""The engine that takes its time over what lasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from streaming.cli.thorough import ThoroughEngine
from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice
from streaming.engine.fake import FakeEngine


class Engine(FakeEngine):
    """Keeps the beams that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.beams: list[int] = []

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        self.beams.append(beam)
        return super().decode(requests, beam=beam)


def request(kind: Kind) -> DecodeRequest:
    language = LanguageChoice(fixed="en")
    return DecodeRequest(kind, 0, 0, 0, np.ones(6_400, np.float32), language)


@pytest.mark.parametrize(
    ("kind", "asked", "got"),
    [(Kind.FINAL, 1, 5), (Kind.EARLY, 1, 5), (Kind.FINAL, 8, 8), (Kind.PARTIAL, 1, 1)],
)
def test_what_lasts_follows_several_beams(kind: Kind, asked: int, got: int) -> None:
    inner = Engine()
    (answer,) = ThoroughEngine(inner).decode([request(kind)], beam=asked)

    assert answer.text == "w0"
    assert inner.beams == [got]


def test_partials_and_finals_do_not_share_a_batch() -> None:
    engine = ThoroughEngine(Engine())
    assert engine.batch_key(request(Kind.FINAL)) != engine.batch_key(request(Kind.PARTIAL))
    assert engine.batch_key(request(Kind.FINAL)) == engine.batch_key(request(Kind.FINAL))


def test_the_rest_is_that_of_the_engine_inside() -> None:
    inner = Engine()
    engine = ThoroughEngine(inner)
    assert engine.info is inner.info
    assert engine.memory_used_bytes() is None
    engine.close()
    assert inner.closed
