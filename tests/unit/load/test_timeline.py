from __future__ import annotations

import pytest

from load.sampler import Moment
from load.timeline import Bin, bin_width, bins, lowest, slope, uses


def test_bins_hold_what_falls_into_them() -> None:
    found = bins([(0.0, 1.0), (59.9, 3.0), (60.0, 5.0), (200.0, 7.0)], 60.0)
    assert found == [
        Bin(0.0, 60.0, 2, 2.0, 2.9),
        Bin(60.0, 120.0, 1, 5.0, 5.0),
        Bin(180.0, 240.0, 1, 7.0, 7.0),
    ]
    assert found[0].middle_s == 30.0


def test_widths_are_round() -> None:
    assert [bin_width(length) for length in (10, 50, 3600, 10**6)] == [1.0, 2.0, 120.0, 3600.0]


def test_use_is_the_difference_of_totals() -> None:
    moments = [
        Moment(0.0, 10.0, 100.0, 1.0),
        Moment(2.0, 13.0, 110.0, 1.5),
        Moment(2.1, 13.2, 111.0, 1.6),  # too near
        Moment(4.0, None, None, 1.7),
    ]
    first, last = uses(moments)
    assert (first.at_s, first.server_cores, first.harness_cores) == (2.0, 1.5, 0.25)
    assert first.server_rss_mib == 110.0
    assert last.server_cores is None


def test_the_lowest_of_each_stretch_is_that_of_a_whole_one() -> None:
    saw = [(float(at), 100.0 + at % 60) for at in range(10, 300, 7)]
    assert lowest(saw, 120.0) == [(66.0, 106.0), (122.0, 102.0)]
    assert lowest(saw[:10], 120.0) == []
    assert lowest([], 120.0) == []


def test_a_slope_ignores_one_odd_point() -> None:
    points = [(float(at), 3.0 + 0.5 * at) for at in range(20)]
    points[7] = (7.0, 500.0)
    assert slope(points) == pytest.approx(0.5)
    assert slope([(float(at), 2.0) for at in range(2000)]) == 0.0
    assert slope(points[:2]) is None
    assert slope([(1.0, 1.0)] * 5) is None
