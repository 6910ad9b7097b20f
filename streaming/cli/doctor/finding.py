"""What an examination finds: one line of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How it is. Only a problem keeps the server from working as it is set up."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, and what to do about it where something is to be done.

    ``figures`` are the numbers behind the words, with their units in their names.
    """

    topic: str
    name: str
    state: State
    says: str
    advice: str | None = None
    figures: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.state is State.PROBLEM and not self.advice:
            raise ValueError(f"{self.name}: a problem without advice helps nobody")
