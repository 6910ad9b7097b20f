"""The diagram is a picture of the bins."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from load.diagram import reliability_diagram, wilson
from load.reliability import reliability

SVG = "{http://www.w3.org/2000/svg}"


def test_a_point_a_spread_and_a_bar_for_each_bin() -> None:
    figures = reliability([0.95] * 10 + [0.35] * 10, [1] * 10 + [0, 1] * 5)
    drawn = reliability_diagram({"words": figures, "segments <5": figures})
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert len(root.findall(f"{SVG}circle")) == 4
    assert len(root.findall(f"{SVG}rect")) == 4
    texts = [each.text or "" for each in root.findall(f"{SVG}text")]
    assert texts[0] == f"words: ECE {figures.ece10:.3f}, 20 words"
    assert any(said.startswith("segments <5: ") for said in texts)
    left, low = (root.findall(f"{SVG}circle")[0].attrib[key] for key in ("cx", "cy"))
    right, high = (root.findall(f"{SVG}circle")[1].attrib[key] for key in ("cx", "cy"))
    assert float(left) < float(right)
    assert float(low) > float(high)  # SVG counts downwards


def test_it_has_inks_for_dark_grounds() -> None:
    drawn = reliability_diagram({"words": reliability([0.5], [1])})
    assert "prefers-color-scheme:dark" in drawn


@pytest.mark.parametrize(
    "share, count, low, high",
    [(0.5, 100, 0.404, 0.596), (1.0, 10, 0.722, 1.0), (0.0, 10, 0.0, 0.278)],
)
def test_intervals(share: float, count: int, low: float, high: float) -> None:
    assert list(wilson(share, count)) == pytest.approx([low, high], abs=1e-3)
