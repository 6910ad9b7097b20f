from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load import html
from load.axis import Axis, doubling, linear
from load.plot import Bar, Limit, Series, bar_plot, cumulative, line_plot

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def drawn(figure: str) -> ElementTree.Element:
    """The figure, parsed: it is well-formed, and every coordinate is a number within it."""
    root = ElementTree.fromstring(figure)  # noqa: S314 - our own markup
    for shape in root.iter():
        for name in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"):
            value = shape.get(name)
            assert value is None or -1 <= float(value) <= 700
        for number in re.findall(r"-?[\d.]+", shape.get("d", "")):
            assert -1 <= float(number) <= 700
    return root


def shapes(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [shape for shape in root.iter() if shape.tag.endswith(name)]


def test_ticks_are_round_and_hold_the_values() -> None:
    assert linear("s", [0.03, 2.4]).ticks == (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
    assert linear("s", [-0.4, 0.3]).ticks == (-0.4, -0.2, 0.0, 0.2, 0.4)
    assert doubling("streams", [1, 11]).ticks == (1.0, 2.0, 4.0, 8.0, 16.0)
    assert [linear("s", [0, 0.3]).label(tick) for tick in (0.0, 0.1)] == ["0.00", "0.10"]


@settings(deadline=None)
@given(st.lists(NUMBERS, max_size=8))
def test_any_values_have_an_axis(values: list[float]) -> None:
    axis = linear("x", values)
    assert 2 <= len(axis.ticks) <= 10
    near = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - near <= value <= axis.high + near for value in values)
    assert all(0 <= axis.place(value) <= 1 for value in values)
    assert list(axis.ticks) == sorted(axis.ticks)


def test_places_are_cut_off_and_logarithms_taken() -> None:
    axis = Axis("streams", 1.0, 16.0, (1.0, 16.0), log=True)
    assert [axis.place(value) for value in (0.0, 1, 4, 16, 99)] == [0, 0, 0.5, 1, 1]


def test_shares_grow_to_all() -> None:
    points = cumulative([3.0, 1.0, 2.0, 2.0])
    assert points == ((1.0, 0.0), (1.0, 25.0), (2.0, 50.0), (2.0, 75.0), (3.0, 100.0))
    assert cumulative([]) == ()
    assert len(cumulative([float(number) for number in range(5000)])) <= 241


def test_lines_have_axes_units_a_legend_and_limits() -> None:
    x, y = linear("time, s", [0, 10]), linear("latency, s", [0, 2])
    series = [Series("p50 <a>", ((0, 1.0), (10, 2.0)), marks=True), Series("one", ((5, 1.0),))]
    root = drawn(line_plot("Latency & more", x, y, series, [Limit("target", 1.5)]))
    texts = [shape.text for shape in shapes(root, "text")]
    assert {"time, s", "latency, s", "p50 <a>", "one", "target"} <= set(texts)
    assert len(shapes(root, "circle")) == 3  # a single point is seen as well
    assert next(iter(root)).text == "Latency & more"


def test_bars_are_stacked_to_their_sum() -> None:
    y = linear("s", [0.0, 4.0])
    root = drawn(bar_plot("CPU", y, ["a", "b"], [Bar("one", (1.0, 3.0)), Bar("two", (0.0, 2.0))]))
    rects = [shape for shape in shapes(root, "rect") if shape.get("width") != "12"]
    heights = [float(shape.get("height", "nan")) for shape in rects]
    assert heights[1] == pytest.approx(3 * heights[0], rel=0.01)
    assert heights[2] == 0
    assert not any(math.isnan(height) for height in heights)


def test_a_page_is_whole_and_escapes_what_it_is_told() -> None:
    cells: list[tuple[str | html.Marked, ...]] = [
        ("a<b", "1", html.Marked("held", "held")),
        ("c", "–", "x"),
    ]
    page = html.page(
        "T <&>",
        "sub",
        [
            html.section("H", html.table(("n", "1", ""), cells), html.paragraph("p & q")),
            html.section("empty", ""),
            html.preformatted("<script>alert(1)</script>"),
        ],
    )
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "T &lt;&amp;&gt;" in page
    assert "empty" not in page
    assert '<td class="n">1</td>' in page
    assert '<span class="held">held</span>' in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
