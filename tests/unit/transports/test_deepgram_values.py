"""Numbers and flags of a query."""

from __future__ import annotations

import pytest

from streaming.errors import BadConfiguration
from streaming.transports.deepgram_values import flag, integer


@pytest.mark.parametrize("value", ["", "x", "-1", "9", "1.5", "1" * 5_000, "\u0663"])
def test_a_number_out_of_bounds_is_none(value: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        integer({"channels": [value]}, "channels", 1, (1, 8))
    assert caught.value.message.startswith("channels: ")


def test_the_last_one_counts() -> None:
    assert integer({"channels": ["3", "4"]}, "channels", 1, (1, 8)) == 4
    assert integer({}, "channels", 1, (1, 8)) == 1


def test_flags() -> None:
    assert flag({"a": ["True"]}, "a")
    assert not flag({"a": ["0"]}, "a")
    assert not flag({}, "a")
    with pytest.raises(BadConfiguration, match="a: 'maybe' is neither true nor false"):
        flag({"a": ["maybe"]}, "a")
