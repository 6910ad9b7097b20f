"""Reliability diagrams as SVG files: how sure against how often right, readable on any ground."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from load import svg
from load.reliability import Bin, Reliability

_SIDE = 260.0
_LEFT, _TOP, _BOTTOM, _GAP = 52.0, 34.0, 58.0, 44.0
_COUNTS = 34.0
"""Height of the strip of bars that shows how many words each bin has."""
# Grounds differ, so nothing is filled behind the figure; the viewer's scheme chooses the inks.
_STYLE = """
text{font:12px system-ui,sans-serif;fill:#333}
.title{font-weight:600}
.grid{stroke:#8884;stroke-width:1}
.ideal{stroke:#777;stroke-width:1.5;stroke-dasharray:5 4}
.bar{fill:#888a}
.point{fill:#0b62a4}
.spread{stroke:#0b62a4;stroke-width:2}
@media (prefers-color-scheme:dark){
text{fill:#ddd}
.ideal{stroke:#999}
.point{fill:#6db7f2}
.spread{stroke:#6db7f2}
}
"""


def reliability_diagram(panels: Mapping[str, Reliability]) -> str:
    """A panel for each set of confidences, side by side.

    A point for each bin: mean confidence across, share of right words up, with the interval in
    which that share lies with a probability of 95 % (Wilson). The bars below are counts of words.
    """
    width = _LEFT + len(panels) * (_SIDE + _GAP)
    height = _TOP + _SIDE + _COUNTS + _BOTTOM
    drawn = [
        part
        for number, (name, figures) in enumerate(panels.items())
        for part in _panel(name, figures, _LEFT + number * (_SIDE + _GAP))
    ]
    return (
        svg.element(
            "svg",
            svg.element("title", "Reliability: share of right words against confidence"),
            svg.element("style", _STYLE),
            *drawn,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            width=width,
            height=height,
            role="img",
        )
        + "\n"
    )


def _panel(name: str, figures: Reliability, left: float) -> Iterator[str]:
    bottom = _TOP + _SIDE
    said = f"{name}: ECE {figures.ece10:.3f}, {figures.words:,} words"
    yield svg.text(said, left, _TOP - 14, class_="title")
    for tenth in range(0, 11, 2):
        at = tenth / 10
        across, down = left + at * _SIDE, bottom - at * _SIDE
        yield svg.element("line", x1=left, x2=left + _SIDE, y1=down, y2=down, class_="grid")
        yield svg.element("line", x1=across, x2=across, y1=_TOP, y2=bottom, class_="grid")
        yield svg.text(f"{at:g}", left - 6, down + 4, text_anchor="end")
        under = bottom + _COUNTS + 18
        yield svg.text(f"{at:g}", across, under, text_anchor="middle")
    yield svg.element("line", x1=left, y1=bottom, x2=left + _SIDE, y2=_TOP, class_="ideal")
    most = max(each.count for each in figures.bins)
    for each in figures.bins:
        yield from _bin(each, left, bottom, most)
    middle = left + _SIDE / 2
    yield svg.text("confidence", middle, bottom + _COUNTS + 42, text_anchor="middle")
    if left == _LEFT:
        beside = _TOP + _SIDE / 2
        yield svg.text(
            "share that is right", left - 36, beside, text_anchor="middle",
            transform=f"rotate(-90 {left - 36:.0f} {beside:.0f})",
        )  # fmt: skip


def _bin(each: Bin, left: float, bottom: float, most: int) -> Iterator[str]:
    low, high = wilson(each.right, each.count)
    across, down = left + each.confidence * _SIDE, bottom - each.right * _SIDE
    yield svg.element(
        "line",
        x1=across,
        x2=across,
        y1=bottom - low * _SIDE,
        y2=bottom - high * _SIDE,
        class_="spread",
    )
    yield svg.element(
        "circle",
        svg.element(
            "title", f"{each.count} words, sure {each.confidence:.3f}, right {each.right:.3f}"
        ),
        cx=across,
        cy=down,
        r=4.5,
        class_="point",
    )
    # Counts differ by orders of magnitude; their roots can be seen side by side.
    tall = (_COUNTS - 8) * math.sqrt(each.count / most)
    group = min(int(each.confidence * 10), 9)
    yield svg.element(
        "rect",
        x=left + group * _SIDE / 10 + 2,
        y=bottom + _COUNTS - tall,
        width=_SIDE / 10 - 4,
        height=tall,
        class_="bar",
    )


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of ``count`` (Wilson 1927), within 0 and 1."""
    z = 1.96
    scale = 1.0 + z * z / count
    middle = (share + z * z / (2 * count)) / scale
    half = z * math.sqrt(share * (1.0 - share) / count + z * z / (4 * count * count)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)
