"""Events are plain facts that can't be changed once said."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from streaming import events
from streaming.events import EndReason, Event, Partial, WarningCode

KINDS = get_args(Event)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_is_frozen_and_slotted(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_times_have_their_unit_in_their_name(kind: type) -> None:
    for field in dataclasses.fields(kind):
        if field.name.startswith(("at", "start", "end", "through", "audio")):
            assert field.name.endswith("_ms")
            assert field.type == "int"


def test_no_event_is_forgotten_in_the_union() -> None:
    defined = {
        value
        for name, value in vars(events).items()
        if dataclasses.is_dataclass(value) and getattr(value, "__module__", "") == events.__name__
    }
    assert defined == set(KINDS)


def test_a_partials_text_is_its_two_parts_joined() -> None:
    partial = Partial(0, 1, 0, 0, 900, "the quick", " brown", "en")
    assert partial.text == "the quick brown"


def test_reasons_and_codes_are_the_protocols_words() -> None:
    assert {reason.value for reason in EndReason} == {"silence", "max_length", "finalize", "end"}
    assert {code.value for code in WarningCode} == {
        "slow_partials", "draining", "clipping", "no_audio", "limit_near", "suppressed",
    }  # fmt: skip
