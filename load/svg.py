"""SVG elements, written out: what the plots are made of."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def element(name: str, *inside: str, **attributes: str | float | None) -> str:
    """One element. Attributes' underscores become hyphens; a trailing one is dropped.

    ``inside`` must be markup already; numbers are written with at most two decimals.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_said(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(inside)
    return f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>"


def text(said: str, x: float, y: float, **attributes: str | float | None) -> str:
    """A line of text at its anchor."""
    return element("text", escape(said), x=x, y=y, **attributes)


def path(points: Sequence[tuple[float, float]], **attributes: str | float | None) -> str:
    """A line through points; nothing for fewer than two."""
    if len(points) < 2:
        return ""
    steps = " ".join(
        f"{'L' if index else 'M'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(points)
    )
    return element("path", d=steps, fill="none", **attributes)


def _said(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.2f}".rstrip("0").rstrip(".")
