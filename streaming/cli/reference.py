"""The settings written out: those in force, all of them as a file, and as a chapter of the docs.

The last two are kept in the repository; ``python -m streaming.cli.reference`` writes them anew.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Final, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from streaming.settings import SECTIONS, Settings
from streaming.sources import PREFIX, Origins

BEGIN: Final = "<!-- settings: written by `python -m streaming.cli.reference` -->"
END: Final = "<!-- end of settings -->"

_HEAD = """\
# Every setting with its default. Copy what you change into a file of your own, and start with
# `--config FILE`, or with WIRESCRIBE_CONFIG=FILE in the environment.
"""
_WIDTH = 98
_KINDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret text",
}


def in_force(settings: Settings, origins: Origins) -> str:
    """Return the tree as TOML, with a comment where a value is not the default."""
    lines: list[str] = []
    for section, values in settings.model_dump(mode="json").items():
        lines.append(f"[{section}]")
        for key, value in values.items():
            origin = origins.get((section, key))
            comment = f"  # {origin.source}" if origin else ""
            lines.append(_assignment(key, value) + comment)
        lines.append("")
    return "\n".join(lines)


def default_file() -> str:
    """Return ``config/default.toml``."""
    defaults = Settings().model_dump(mode="json")
    blocks = [_HEAD]
    for section, section_type in SECTIONS.items():
        lines = [*_comment(section_type.__doc__ or ""), f"[{section}]"]
        for key, field in section_type.model_fields.items():
            lines += _comment(f"{field.description} ({_values(field)})")
            lines.append(_assignment(key, defaults[section][key]))
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def chapter() -> str:
    """Return the part of ``docs/configuration.md`` that lists every setting."""
    defaults = Settings().model_dump(mode="json")
    blocks = []
    for section, section_type in SECTIONS.items():
        summary = (section_type.__doc__ or "").replace("``", "`")
        lines = [f"### `[{section}]`", "", summary, "", "| key | values | default | is |"]
        lines.append("|---|---|---|---|")
        for key, field in section_type.model_fields.items():
            value = defaults[section][key]
            default = "not set" if value is None else f"`{_toml(value)}`"
            told = (field.description or "").replace("|", "\\|")
            lines.append(f"| `{key}` | {_values(field)} | {default} | {told} |")
        example = next(iter(section_type.model_fields)).upper()
        lines += ["", f"In the environment: `{PREFIX}{section.upper()}__{example}` and so on."]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def with_chapter(document: str) -> str:
    """Return a document with its chapter of settings brought up to date."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{chapter()}\n{END}{after}"


def _assignment(key: str, value: object) -> str:
    return f"# {key} is not set" if value is None else f"{key} = {_toml(value)}"


def _toml(value: object) -> str:
    """JSON's texts, numbers, booleans and lists are TOML's as well."""
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(" ".join(text.replace("``", "`").split()), _WIDTH):
        yield f"# {line}"


def _values(field: FieldInfo) -> str:
    """What a setting can be: its kind, and its bounds where it has any."""
    words = {"ge": "{} or more", "gt": "above {}", "le": "{} at most", "lt": "below {}"}
    bounds = {
        name: getattr(bound, name)
        for bound in field.metadata
        for name in words
        if hasattr(bound, name)
    }
    if bounds.keys() == {"ge", "le"}:
        return f"{_kind(field)}, {_number(bounds['ge'])} to {_number(bounds['le'])}"
    said = (words[name].format(_number(bound)) for name, bound in bounds.items())
    return ", ".join([_kind(field), *said])


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _kind(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    inner = [each for each in get_args(annotation) if each not in (NoneType, Ellipsis)]
    one = inner[0] if inner else annotation
    if isinstance(one, type) and issubclass(one, Enum):
        return ", ".join(str(member.value) for member in one)
    if inner and all(isinstance(each, str) for each in inner):  # a Literal
        return ", ".join(inner)
    name = _KINDS[one]
    return f"list of {name}s" if get_origin(annotation) is tuple else name


def main() -> None:
    """Write both files anew, in the repository that this module lies in."""
    root = Path(__file__).resolve().parents[2]
    (root / "config" / "default.toml").write_text(default_file(), encoding="utf-8")
    document = root / "docs" / "configuration.md"
    document.write_text(with_chapter(document.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
