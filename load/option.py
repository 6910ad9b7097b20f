"""One value that a scenario holds: its type, bounds and flag, declared beside its field.

A field of a section (``load.sections``) is declared once, with ``option``; the reader of scenario
files and the command line both go by that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints


class ScenarioError(ValueError):
    """A scenario that can't be used; names the file, the key and the value."""


@dataclass(frozen=True, slots=True)
class Option:
    """A key of a section. ``kind`` is ``str``, ``int``, ``float``, ``bool`` or ``tuple``."""

    section: str
    key: str
    kind: type
    default: Any
    flag: str
    help: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    metavar: str | None = None
    optional: bool = False
    """Whether it may be nothing; ``none`` on the command line."""

    @property
    def name(self) -> str:
        """How messages call it: ``layout.streams``."""
        return f"{self.section}.{self.key}"

    def check(self, value: Any) -> Any:
        """The value in its type; ``ScenarioError`` names the key and what was given."""
        if value is None and self.optional:
            return None
        if self.kind is tuple:
            items = [value] if isinstance(value, str) else value
            if not isinstance(items, Sequence) or not all(isinstance(i, str) for i in items):
                raise self._wrong(value, "a list of strings")
            return tuple(items)
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            raise self._wrong(value, _SAID[self.kind])
        if self.choices and value not in self.choices:
            raise self._wrong(value, f"one of {', '.join(self.choices)}", str(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self.least is not None and not value >= self.least:
                raise self._wrong(value, f"at least {self.least:g}")
            if self.most is not None and not value <= self.most:
                raise self._wrong(value, f"at most {self.most:g}")
        return value

    def _wrong(self, value: Any, wanted: str, meant: str | None = None) -> ScenarioError:
        near = "" if meant is None else did_you_mean(meant, self.choices)
        return ScenarioError(f"{self.name}: {value!r} is not {wanted}{near}")


_SAID = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


def option(
    default: Any,
    flag: str,
    help: str,
    *,
    choices: Sequence[str] = (),
    least: float | None = None,
    most: float | None = None,
    metavar: str | None = None,
) -> Any:
    """A field of a section with what is said about it."""
    about = {
        "flag": flag,
        "help": help,
        "choices": tuple(choices),
        "least": least,
        "most": most,
        "metavar": metavar,
    }
    return dataclasses.field(default=default, metadata=about)


def options_of(section: str, kind: type) -> Iterator[Option]:
    """The options of a section's class, in order."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        types = [given for given in get_args(hints[field.name]) if given is not type(None)]
        plain = hints[field.name]
        if isinstance(plain, type) and plain in _SAID:
            value_type: type = plain
        elif types and types[0] in _SAID and getattr(plain, "__origin__", None) is not tuple:
            value_type = types[0]
        else:
            value_type = tuple
        yield Option(
            section,
            field.name,
            value_type,
            field.default,
            **field.metadata,
            optional=type(None) in get_args(plain),
        )


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing where none is near."""
    near = get_close_matches(given, list(known), n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""
