"""Typed reading of one JSON object's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streaming.client.errors import MessageError

Scalar = str | int | float | bool | None


class Fields:
    """A received object: required fields raise by name, optional ones fall back.

    A field of the wrong type is a fault of the server either way; a missing or null optional
    field is not.
    """

    def __init__(self, kind: str, values: Mapping[str, Any]) -> None:
        self._kind = kind
        self._values = values

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, "a string")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number; a float without a fraction will do."""
        value = self._get(name, default)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, "a whole number")
        return value

    def integer_or_none(self, name: str) -> int | None:
        """A whole number, or nothing."""
        return None if self._values.get(name) is None else self.integer(name)

    def number_or_none(self, name: str) -> float | None:
        """A number, or nothing."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, "a number")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """A boolean."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects, or nothing."""
        value = self._values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(name, "a list of objects")
        return tuple(Fields(f"{self._kind}.{name}", item) for item in value)

    def object(self, name: str) -> Fields:
        """An object; a missing one is empty."""
        value = self._values.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return Fields(f"{self._kind}.{name}", value)

    def others(self, *known: str) -> tuple[tuple[str, Scalar], ...]:
        """Every further scalar field, sorted by name."""
        return tuple(
            sorted(
                (name, value)
                for name, value in self._values.items()
                if name not in known and (value is None or isinstance(value, str | int | float))
            )
        )

    def _get(self, name: str, default: Any) -> Any:
        value = self._values.get(name)
        if value is None:
            value = default
        if value is None:
            raise MessageError(f"{self._kind}: field {name!r} is missing")
        return value

    def _wrong(self, name: str, wanted: str) -> MessageError:
        found = type(self._values.get(name)).__name__
        return MessageError(f"{self._kind}: field {name!r} is {found}, not {wanted}")
