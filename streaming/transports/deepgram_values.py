"""Numbers and flags in the query of Deepgram's ``/v1/listen``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streaming.errors import BadConfiguration, shown


def integer(
    asked: Mapping[str, Sequence[str]], name: str, default: int, bounds: tuple[int, int]
) -> int:
    """Return a whole number within the bounds; the last one counts."""
    if name not in asked:
        return default
    value, (low, high) = asked[name][-1], bounds
    if value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high:
        return int(value)
    raise BadConfiguration(
        f"{name}: {shown(value)} is not a whole number from {low} to {high}", field=name
    )


def flag(asked: Mapping[str, Sequence[str]], name: str) -> bool:
    """Return whether something is asked for; it isn't where nothing is said."""
    value = asked.get(name, ["false"])[-1]
    if value.lower() not in ("true", "false", "1", "0"):
        raise BadConfiguration(f"{name}: {shown(value)} is neither true nor false", field=name)
    return value.lower() in ("true", "1")
