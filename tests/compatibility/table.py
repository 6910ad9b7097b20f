"""Writes ``docs/compatibility.md``: ``python -m tests.compatibility.table``.

Each dialect declares in ``<dialect>.toml`` what of the vendor's protocol it does, and names for
each row the test that proves it::

    title = "Deepgram"
    place = 1                                   # where in the document
    routes = ["WebSocket `/v1/listen`"]
    clients = ["`deepgram-sdk` 7.6.0"]          # unmodified, in the tests
    about = "One paragraph."                    # optional

    [[start]]                                   # its quick-starts
    client = "`deepgram-sdk` for Python"
    file = "deepgram.py"                        # of quick_starts/

    [[feature]]
    name = "KeepAlive"
    support = "yes"                             # or "no", or "different: …" and how
    test = "tests/integration/test_deepgram.py::test_keeps_alive"

A row whose test is gone fails ``test_table.py``, and so does a document that is out of date.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = ROOT / "docs" / "compatibility.md"
_FOLDER: Final = Path(__file__).parent
QUICK_STARTS: Final = _FOLDER / "quick_starts"
_DIALECT: Final = {"title": str, "place": int, "routes": list, "clients": list}
_FEATURE: Final = {"name": str, "support": str, "test": str}
_START: Final = {"client": str, "file": str}
_SYNTAX: Final = {".py": "python", ".cjs": "js"}
_DIFFERENT: Final = "different: "

_HEAD: Final = """\
<!-- Written by `python -m tests.compatibility.table` from tests/compatibility/*.toml. -->
# Compatibility

What of each vendor's protocol works, so that a client needs nothing but another URL and key. Each
row is held by the test that it names, most of them with the vendor's own package as the client.
What is refused is refused in the dialect's own form of an error, never ignored in silence.

Behind each table stand quick-starts of the vendors' packages, in which address and key alone are
others; the tests run them as they stand here.
"""


@dataclass(frozen=True, slots=True)
class Feature:
    """One row; ``support`` is ``yes``, ``no``, or ``different: `` and how."""

    name: str
    support: str
    test: str


@dataclass(frozen=True, slots=True)
class Start:
    """A client's quick-start, which is run as it stands: ``test_quick_starts.py``."""

    client: str
    file: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect's part of the document."""

    name: str
    title: str
    place: int
    routes: Sequence[str]
    clients: Sequence[str]
    about: str
    features: Sequence[Feature]
    starts: Sequence[Start] = ()


def read(path: Path) -> Dialect:
    """Read a dialect's declaration; ValueError names what is wrong with it."""
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = fields.pop("feature", None)
    about = fields.pop("about", "")
    starts = fields.pop("start", [])
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{path.name}: no [[feature]]")
    _check(path.name, fields, _DIALECT)
    features = []
    for row in rows:
        _check(f"{path.name}: {row.get('name')}", row, _FEATURE)
        support = row["support"]
        if support not in ("yes", "no") and len(support) <= len(_DIFFERENT):
            raise ValueError(f"{path.name}: {row['name']}: {support!r} says too little")
        if support not in ("yes", "no") and not support.startswith(_DIFFERENT):
            raise ValueError(
                f"{path.name}: {row['name']}: {support!r} is not yes, no, different: …"
            )
        features.append(Feature(**row))
    for start in starts:
        _check(f"{path.name}: {start.get('client')}", start, _START)
    told = [Start(**start) for start in starts]
    return Dialect(path.stem, about=about, features=features, starts=told, **fields)


def _check(where: str, fields: Mapping[str, Any], known: Mapping[str, type]) -> None:
    if wrong := fields.keys() ^ known.keys():
        raise ValueError(f"{where}: {', '.join(sorted(wrong))} missing or unknown")
    for name, kind in known.items():
        if not isinstance(fields[name], kind):
            raise ValueError(f"{where}: {name} is no {kind.__name__}")


def dialects() -> list[Dialect]:
    """All that are declared, in the order of the document."""
    return sorted(map(read, _FOLDER.glob("*.toml")), key=lambda it: (it.place, it.name))


def document(declared: Sequence[Dialect]) -> str:
    """Return the whole document."""
    return "\n".join([_HEAD, *(_section(dialect) for dialect in declared)])


def _section(dialect: Dialect) -> str:
    clients = f"Clients in the tests: {', '.join(dialect.clients)}." if dialect.clients else ""
    lines = [
        f"## {dialect.title}",
        "",
        f"{', '.join(dialect.routes)}. {clients}".rstrip(),
        *(["", dialect.about.strip()] if dialect.about else []),
        "",
        "| feature | works | held by |",
        "|---|---|---|",
        *(_row(feature) for feature in dialect.features),
        *(line for start in dialect.starts for line in _start(start)),
    ]
    return "\n".join(lines) + "\n"


def _row(feature: Feature) -> str:
    support = feature.support
    if support.startswith(_DIFFERENT):
        support = f"**different**: {support.removeprefix(_DIFFERENT)}"
    path, _, name = feature.test.partition("::")
    cells = (feature.name, support, f"[`{name}`](../{path})")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _start(start: Start) -> list[str]:
    path = QUICK_STARTS / start.file
    code = path.read_text(encoding="utf-8").rstrip()
    return ["", f"{start.client}:", "", f"```{_SYNTAX[path.suffix]}", code, "```"]


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(document(dialects()), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
