"""An HTML page of figures and tables: one file, no scripts, nothing fetched.

Colours follow the reader's light or dark setting; on paper it is light, and figures don't break.
The series' colours are Okabe and Ito's (2008), which most colour-blind readers can tell apart,
darkened where they would be faint on white.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = (
    """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5c6672; --line: #d7dce2;
  --paper: #ffffff; --raised: #f5f7f9; --good: #0a6b3d; --bad: #b3261e;
  --s0: #0072b2; --s1: #d55e00; --s2: #007a5a; --s3: #a8518a; --s4: #8a6d00; --s5: #2f8fc4;
  --s6: #555d66; --s7: #111111; --s8: #b07aa1; --s9: #9c755f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --faint: #a3adb8; --line: #3a424c;
  --paper: #14181d; --raised: #1d232a; --good: #5fd39b; --bad: #ff8a80;
  --s0: #56b4e9; --s1: #ff9248; --s2: #2fc79a; --s3: #e39ac6; --s4: #f0e442; --s5: #8fd0ff;
  --s6: #b4bcc6; --s7: #ffffff; --s8: #d4a6c8; --s9: #d7b5a6; } }
@media print { :root { color-scheme: light; --ink: #000; --faint: #444; --line: #ccc;
  --paper: #fff; --raised: #fff; --good: #0a6b3d; --bad: #b3261e; --s0: #0072b2; --s1: #d55e00;
  --s2: #007a5a; --s3: #a8518a; --s4: #8a6d00; --s5: #2f8fc4; --s6: #555d66; --s7: #111;
  --s8: #b07aa1; --s9: #9c755f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 60px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 36px 0 8px; border-bottom: 1px solid var(--line);
  padding-bottom: 4px; break-after: avoid; }
p { margin: 6px 0; max-width: 80ch; } .faint { color: var(--faint); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
  gap: 18px; }
figure { margin: 0; padding: 12px 12px 8px; border: 1px solid var(--line); border-radius: 6px;
  break-inside: avoid; }
figcaption { font-weight: 600; margin-bottom: 6px; }
svg { width: 100%; height: auto; display: block; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .tick, svg .legend { fill: var(--faint); font-size: 12px; }
svg .axis { font-size: 12.5px; } svg .grid { stroke: var(--line); stroke-width: 1; }
svg .edge { stroke: var(--faint); stroke-width: 1.2; } svg .line { stroke-width: 2; }
svg .limit { stroke: var(--bad); stroke-width: 1.4; stroke-dasharray: 5 4; }
svg .limit-name { fill: var(--bad); font-size: 11.5px; }
"""
    + "\n".join(
        f"svg .line.s{n} {{ stroke: var(--s{n}); }} svg .fill.s{n} {{ fill: var(--s{n}); }}"
        for n in range(10)
    )
    + """
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px 4px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
thead th { vertical-align: bottom; color: var(--faint); font-weight: 600; }
tbody th { font-weight: 500; }
td.n, th.n { text-align: right; } td.n { white-space: nowrap; }
tr { break-inside: avoid; }
.held { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 10px;
  white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.45 ui-monospace, monospace; }
@media print { body { font-size: 10pt; padding: 0; } .figures { display: block; }
  figure { max-width: 14.5cm; margin-bottom: 10px; } .scroll { overflow: visible; }
  table { font-size: 7.5pt; } th, td { padding-right: 7px; overflow-wrap: break-word; }
  td.n { white-space: normal; } }
dl { margin: 0; } dt { font-weight: 600; margin-top: 8px; } dd { margin: 0 0 0 18px;
  max-width: 85ch; }
"""
)


def page(title: str, subtitle: str, sections: Iterable[str]) -> str:
    """The whole document. ``sections`` are markup, made by the functions below."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>"
        f'<h1>{escape(title)}</h1><p class="faint">{escape(subtitle)}</p>\n'
        + "\n".join(part for part in sections if part)
        + "\n</body></html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """A heading with what stands under it; nothing when there is nothing."""
    inside = "\n".join(part for part in parts if part)
    return f"<section><h2>{escape(heading)}</h2>\n{inside}</section>" if inside else ""


def figures(*plots: str) -> str:
    """Plots beside each other, as many as there is room for."""
    inside = "\n".join(plot for plot in plots if plot)
    return f'<div class="figures">{inside}</div>' if inside else ""


def paragraph(said: str, *, faint: bool = False) -> str:
    """A paragraph of plain text."""
    return f"<p{' class=faint' if faint else ''}>{escape(said)}</p>"


def preformatted(said: str) -> str:
    """Text as it is: commands, JSON."""
    return f"<pre>{escape(said)}</pre>"


def table(head: Sequence[str], rows: Iterable[Sequence[str | Marked]]) -> str:
    """A table; columns after the first whose every cell begins like a number lie to the right."""
    body = [[cell if isinstance(cell, Marked) else Marked(cell) for cell in row] for row in rows]
    if not body:
        return ""
    right = [
        column > 0 and all(_is_number(row[column].said) for row in body if column < len(row))
        for column in range(max(len(head), *(len(row) for row in body)))
    ]
    first = "".join(
        f'<th scope="col"{_aligned(right[column])}>{escape(name)}</th>'
        for column, name in enumerate(head)
    )
    lines = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{cell.markup()}</th>'
            if column == 0
            else f"<td{_aligned(right[column])}>{cell.markup()}</td>"
            for column, cell in enumerate(row)
        )
        + "</tr>"
        for row in body
    )
    top = f"<thead><tr>{first}</tr></thead>" if any(head) else ""
    return f'<div class="scroll"><table>{top}<tbody>{lines}</tbody></table></div>'


class Marked:
    """A cell's text, marked ``held`` or ``missed`` where it is a verdict."""

    def __init__(self, said: str, mark: str = "") -> None:
        self.said = said
        self._mark = mark

    def markup(self) -> str:
        """As it stands in the cell."""
        said = escape(self.said)
        return f'<span class="{self._mark}">{said}</span>' if self._mark else said


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Terms and what they mean."""
    inside = "".join(f"<dt>{escape(term)}</dt><dd>{escape(said)}</dd>" for term, said in pairs)
    return f"<dl>{inside}</dl>"


def _is_number(said: str) -> bool:
    return said[:1].isdigit() or said[:1] in ("–", "-", "+", "")


def _aligned(right: bool) -> str:
    return ' class="n"' if right else ""
