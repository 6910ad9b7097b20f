"""``wirescribe models list|fetch|verify``: what is on disk, and what could be."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("models", help="list, fetch and verify speech models")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show known models and which are fetched")
    fetch = actions.add_parser("fetch", help="fetch models into the cache")
    fetch.add_argument("names", nargs="+", metavar="NAME")
    verify = actions.add_parser("verify", help="check fetched models against their digests")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all that are fetched")
    parser.set_defaults(run=_run)
    for action in actions.choices.values():
        action.add_argument("--models-dir", metavar="DIR", help="where models are kept")


def _run(arguments: argparse.Namespace) -> int:
    raise SystemExit("not yet")
