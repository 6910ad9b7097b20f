"""Subcommands over recordings: all choose them by the same flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from load.manifest import Recording

Call = Callable[[argparse.Namespace, Sequence[str], list[Recording]], int]
"""What a subcommand does with its arguments, the whole command line and the recordings chosen."""


@dataclass(frozen=True, slots=True)
class RecordedCommands:
    """Where such subcommands are added, and how each lets recordings be chosen."""

    subcommands: Any
    add_sources: Callable[[argparse.ArgumentParser], None]
    choose: Callable[[argparse.Namespace], list[Recording]]

    def add(self, name: str, call: Call, **options: Any) -> argparse.ArgumentParser:
        """Adds one; ``options`` are the parser's, which further flags can be added to."""
        parser: argparse.ArgumentParser = self.subcommands.add_parser(name, **options)
        self.add_sources(parser)
        parser.set_defaults(
            call=lambda arguments, command: call(arguments, command, self.choose(arguments))
        )
        return parser
