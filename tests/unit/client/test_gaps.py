from __future__ import annotations

from streaming.client.gaps import Gaps


def test_each_stretch_is_told_once() -> None:
    gaps = Gaps()
    assert gaps.add(10, 20) == [(10, 20)]
    assert gaps.add(10, 20) == []
    assert gaps.add(5, 15) == [(5, 10)]
    assert gaps.add(30, 40) == [(30, 40)]
    assert gaps.add(0, 50) == [(0, 5), (20, 30), (40, 50)]
    assert gaps.add(0, 50) == []
    assert gaps.add(60, 60) == []


def test_what_is_settled_is_forgotten() -> None:
    gaps = Gaps()
    gaps.add(10, 20)
    gaps.add(30, 40)
    gaps.forget(20)
    assert gaps.add(30, 45) == [(40, 45)]
