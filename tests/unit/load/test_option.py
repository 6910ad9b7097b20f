from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from load.option import Option, ScenarioError, did_you_mean, option, options_of


@dataclass(frozen=True, slots=True)
class Kitchen:
    spoons: int = option(3, "--spoons", "how many", least=1, most=12)
    heat: float | None = option(None, "--heat", "degrees")
    herbs: tuple[str, ...] = option((), "--herb", "which")
    stove: str = option("gas", "--stove", "what kind", choices=("gas", "wood"))
    open: bool = option(True, "--open", "to guests")


OPTIONS = {one.key: one for one in options_of("kitchen", Kitchen)}


def test_options_are_read_off_the_fields() -> None:
    assert [(one.name, one.kind, one.default, one.flag) for one in OPTIONS.values()] == [
        ("kitchen.spoons", int, 3, "--spoons"),
        ("kitchen.heat", float, None, "--heat"),
        ("kitchen.herbs", tuple, (), "--herb"),
        ("kitchen.stove", str, "gas", "--stove"),
        ("kitchen.open", bool, True, "--open"),
    ]
    assert [one.key for one in OPTIONS.values() if one.optional] == ["heat"]


@pytest.mark.parametrize(
    ("key", "given", "taken"),
    [
        ("spoons", 12, 12),
        ("heat", 90, 90.0),
        ("heat", None, None),
        ("herbs", ["dill", "mint"], ("dill", "mint")),
        ("herbs", "dill", ("dill",)),
        ("stove", "wood", "wood"),
        ("open", False, False),
    ],
)
def test_values_that_fit(key: str, given: Any, taken: Any) -> None:
    found = OPTIONS[key].check(given)
    assert (found, type(found)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("key", "given", "says"),
    [
        ("spoons", 0, "kitchen.spoons: 0 is not at least 1"),
        ("spoons", 13, "kitchen.spoons: 13 is not at most 12"),
        ("spoons", None, "kitchen.spoons: None is not a whole number"),
        ("spoons", True, "kitchen.spoons: True is not a whole number"),
        ("spoons", 2.5, "kitchen.spoons: 2.5 is not a whole number"),
        ("heat", "hot", "kitchen.heat: 'hot' is not a number"),
        ("heat", float("nan"), "nan"),
        ("herbs", [1], r"kitchen.herbs: \[1\] is not a list of strings"),
        ("stove", "wod", r"not one of gas, wood \(did you mean 'wood'\?\)"),
        ("open", "no", "kitchen.open: 'no' is not true or false"),
    ],
)
def test_values_that_do_not(key: str, given: Any, says: str) -> None:
    bounded = OPTIONS[key]
    if says == "nan":
        bounded = Option("kitchen", "heat", float, None, "--heat", "", least=0)
    with pytest.raises(ScenarioError, match=says):
        bounded.check(given)


def test_only_near_names_are_proposed() -> None:
    assert did_you_mean("strems", ["streams", "seed"]) == " (did you mean 'streams'?)"
    assert did_you_mean("banana", ["streams", "seed"]) == ""
