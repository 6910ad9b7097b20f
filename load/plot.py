"""Plots as inline SVG: lines, steps and stacked bars, with axes, units and a legend.

No scripts and nothing fetched. Colours are classes (``s0`` to ``s9``) that the page's style sheet
sets for light, dark and paper; lines differ in their dashes as well, for those who can't tell the
colours apart and for printers that have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from load import svg
from load.axis import Axis

WIDTH, HEIGHT = 640.0, 300.0
COLOURS = 10
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 12.0, 46.0
_LEGEND_ROW = 20.0
_DASHES = (None, "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 4", "10 2 2 2 2 2")


@dataclass(frozen=True, slots=True)
class Series:
    """A named line: points in the order drawn. ``marks`` draws its points, too."""

    name: str
    points: tuple[tuple[float, float], ...]
    marks: bool = False
    line: bool = True


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound, drawn as a level line with its name."""

    name: str
    at: float


def line_plot(
    title: str, x: Axis, y: Axis, series: Sequence[Series], limits: Sequence[Limit] = ()
) -> str:
    """A figure with lines; ``title`` is what a screen reader says of it."""
    return _figure(title, line_drawing(title, x, y, series, limits))


def line_drawing(
    title: str,
    x: Axis,
    y: Axis,
    series: Sequence[Series],
    limits: Sequence[Limit] = (),
    *,
    style: str | None = None,
) -> str:
    """The same as an SVG element; with a ``style`` sheet it is a file of its own."""
    drawn = [part for index, one in enumerate(series) for part in _line(x, y, one, index)]
    drawn += [part for limit in limits for part in _limit(y, limit)]
    names = [one.name for one in series]
    return _drawing(title, names, _frame(x, y) + drawn, style=style)


@dataclass(frozen=True, slots=True)
class Bar:
    """A named bar of stacked parts, one a name of the plot's."""

    name: str
    parts: tuple[float, ...]


def bar_plot(title: str, y: Axis, names: Sequence[str], bars: Sequence[Bar]) -> str:
    """A figure with stacked bars, side by side."""
    width = (WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    thick = min(width * 0.6, 90.0)
    drawn: list[str] = []
    for number, bar in enumerate(bars):
        middle = _LEFT + width * (number + 0.5)
        base = 0.0
        for index, part in enumerate(bar.parts):
            top, bottom = _down(y, base + part), _down(y, base)
            base += part
            drawn.append(
                svg.element(
                    "rect",
                    svg.element("title", f"{names[index]}: {part:.4f}"),
                    x=middle - thick / 2,
                    y=top,
                    width=thick,
                    height=max(0.0, bottom - top),
                    class_=f"fill s{index % COLOURS}",
                )
            )
        drawn.append(
            svg.text(bar.name, middle, HEIGHT - _BOTTOM + 16, text_anchor="middle", class_="tick")
        )
    return _figure(title, _drawing(title, names, _frame(None, y) + drawn, boxes=True))


def cumulative(values: Sequence[float], most_points: int = 240) -> tuple[tuple[float, float], ...]:
    """The share of values at or below each value, thinned to so many points; in per cent."""
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        return ()
    picks = sorted({round(index * (count - 1) / (most_points - 1)) for index in range(most_points)})
    return ((ordered[0], 0.0), *((ordered[i], 100.0 * (i + 1) / count) for i in picks))


def _across(x: Axis, value: float) -> float:
    return _LEFT + x.place(value) * (WIDTH - _LEFT - _RIGHT)


def _down(y: Axis, value: float) -> float:
    return HEIGHT - _BOTTOM - y.place(value) * (HEIGHT - _TOP - _BOTTOM)


def _line(x: Axis, y: Axis, one: Series, index: int) -> list[str]:
    points = [(_across(x, at), _down(y, value)) for at, value in one.points]
    parts = []
    if one.line:
        parts.append(
            svg.path(
                points,
                class_=f"line s{index % COLOURS}",
                stroke_dasharray=_DASHES[index % len(_DASHES)],
            )
        )
    if one.marks or len(points) == 1:
        parts += [
            svg.element("circle", cx=at, cy=down, r=3.0, class_=f"fill s{index % COLOURS}")
            for at, down in points
        ]
    return parts


def _limit(y: Axis, limit: Limit) -> list[str]:
    down = _down(y, limit.at)
    return [
        svg.element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=down, y2=down, class_="limit"),
        svg.text(limit.name, _LEFT + 6, down - 4, class_="limit-name"),
    ]


def _frame(x: Axis | None, y: Axis) -> list[str]:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = []
    for tick in y.ticks:
        down = _down(y, tick)
        parts.append(svg.element("line", x1=_LEFT, x2=right, y1=down, y2=down, class_="grid"))
        parts.append(svg.text(y.label(tick), _LEFT - 6, down + 4, text_anchor="end", class_="tick"))
    if x is not None:
        for tick in x.ticks:
            at = _across(x, tick)
            parts.append(svg.element("line", x1=at, x2=at, y1=_TOP, y2=bottom, class_="grid"))
            parts.append(
                svg.text(x.label(tick), at, bottom + 16, text_anchor="middle", class_="tick")
            )
        middle = (_LEFT + right) / 2
        parts.append(svg.text(x.title, middle, HEIGHT - 8, text_anchor="middle", class_="axis"))
    parts.append(svg.element("line", x1=_LEFT, x2=right, y1=bottom, y2=bottom, class_="edge"))
    middle = (_TOP + bottom) / 2
    parts.append(
        svg.text(
            y.title, 14.0, middle, text_anchor="middle", class_="axis",
            transform=f"rotate(-90 14 {middle:.0f})",
        )
    )  # fmt: skip
    return parts


def _figure(title: str, drawing: str) -> str:
    return f"<figure><figcaption>{escape(title, quote=False)}</figcaption>{drawing}</figure>"


def _drawing(
    title: str,
    names: Sequence[str],
    inside: Sequence[str],
    *,
    boxes: bool = False,
    style: str | None = None,
) -> str:
    legend, rows = _legend(names, boxes)
    height = HEIGHT + rows * _LEGEND_ROW
    return svg.element(
        "svg",
        svg.element("title", escape(title, quote=False)),
        *([svg.element("style", style)] if style else []),
        *inside,
        *legend,
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )


def _legend(names: Sequence[str], boxes: bool) -> tuple[list[str], int]:
    if len(names) < 2:
        return [], 0
    parts = []
    at, row = _LEFT, 0
    for index, name in enumerate(names):
        width = 40.0 + 6.6 * len(name)
        if at + width > WIDTH and at > _LEFT:
            at, row = _LEFT, row + 1
        down = HEIGHT + 10 + row * _LEGEND_ROW
        if boxes:
            parts.append(
                svg.element(
                    "rect",
                    x=at,
                    y=down - 9,
                    width=12.0,
                    height=12.0,
                    class_=f"fill s{index % COLOURS}",
                )
            )
        else:
            parts.append(
                svg.path(
                    [(at, down - 3), (at + 24, down - 3)],
                    class_=f"line s{index % COLOURS}",
                    stroke_dasharray=_DASHES[index % len(_DASHES)],
                )
            )
        parts.append(svg.text(name, at + (18 if boxes else 30), down + 1, class_="legend"))
        at += width
    return parts, row + 1
