"""``wirescribe keys create|list|revoke|check``: who may use a server; it need not be restarted."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streaming.cli.errors import CommandError
from streaming.cli.options import settings_from

if TYPE_CHECKING:
    from streaming.auth.keys import Key

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"(\d{1,6})([mhd])")
_LIST = "Show the keys: names, when they were made, until when they are good, and their caps."
_CREATE = """\
Make an API key. It is shown once, on standard output, and kept nowhere: the file holds its hash.
A running server takes it from now on."""
_REVOKE = "Take a key back, and with it the tokens made with it. A running server hears of it."
_CHECK = """\
Read a key from standard input and say whether it is good, and what its name is. Exit status 1: it
is not. Without one, look at the file."""


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "keys",
        help="make, list and revoke API keys",
        description="Make, list and revoke the API keys of a server.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a key", description=_CREATE)
    create.add_argument("name", metavar="NAME", help="what it is called in lists and logs")
    create.add_argument(
        "--expires", metavar="WHEN", help="90d, 12h, 30m from now, or a date such as 2030-01-31"
    )
    create.add_argument(
        "--max-sessions", type=int, metavar="N", help="sessions at a time (default: the server's)"
    )
    create.add_argument(
        "--max-session-s", type=int, metavar="S", help="audio of a session (default: the server's)"
    )
    create.add_argument(
        "--print",
        action="store_true",
        help="write no file; show what to put into auth.keys as well",
    )
    create.set_defaults(run=_create)
    listing = actions.add_parser("list", help="show the keys", description=_LIST)
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="take a key back", description=_REVOKE)
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(run=_revoke)
    check = actions.add_parser("check", help="say whose a key is", description=_CHECK)
    check.set_defaults(run=_check)
    for action in actions.choices.values():
        action.formatter_class = argparse.RawDescriptionHelpFormatter
        action.add_argument(
            "--keys-file", type=Path, metavar="FILE", help="default: what the settings say"
        )
        action.add_argument("--config", type=Path, metavar="FILE", help="settings as TOML")


def _create(arguments: argparse.Namespace) -> int:
    from streaming.auth.keyfile import KeyFile, change_key_file
    from streaming.auth.keys import Key, digest_of, new_key

    now = int(time.time())
    secret = new_key()
    try:
        key = Key(
            arguments.name,
            digest_of(secret),
            created_at=now,
            expires_at=_moment(arguments.expires, now),
            max_sessions=arguments.max_sessions,
            max_session_s=arguments.max_session_s,
        )
    except ValueError as error:
        raise CommandError(str(error)) from None
    if arguments.print:
        if (key.expires_at, key.max_sessions, key.max_session_s) != (None, None, None):
            raise CommandError("--print: only a file can hold an expiry or caps")
        print(secret)
        _say(f"WIRESCRIBE_AUTH__KEYS={key.name}:{key.digest}")
        return 0

    def added(content: KeyFile) -> KeyFile:
        known = content.find(key.name)
        if known is not None and known.problem(now) is None:
            raise CommandError(
                f"a key named {key.name!r} is in use; `wirescribe keys revoke {key.name}` ends that"
            )
        return content.with_key(key)

    path = _path(arguments)
    change_key_file(path, added)
    print(secret)
    _say(f"This is the only time that the key {key.name!r} is shown; its hash is in {path}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    keys = _known(arguments)
    if not keys:
        _say(f"no keys yet in {_path(arguments)}")
        return 0
    now = time.time()
    heads = ("NAME", "CREATED", "STATE", "SESSIONS", "SESSION_S")
    rows = [
        (
            key.name,
            _day(key.created_at) or "-",
            _state(key, now),
            str(key.max_sessions or "-"),
            str(key.max_session_s or "-"),
        )
        for key in keys
    ]
    console = Console()
    if not console.is_terminal:
        for cells in (heads, *rows):
            print("\t".join(cells))
        return 0
    table = Table(*(head.lower() for head in heads), box=None, padding=(0, 3, 0, 0))
    for cells in rows:
        table.add_row(*cells, style=None if cells[2].startswith("good") else "dim")
    console.print(table)
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from streaming.auth.keyfile import KeyFile, change_key_file

    def revoked(content: KeyFile) -> KeyFile:
        key = content.find(arguments.name)
        if key is None:
            raise CommandError(
                f"no key is named {arguments.name!r}; `wirescribe keys list` shows all"
            )
        if key.revoked_at is not None:
            return content
        return content.with_key(replace(key, revoked_at=int(time.time())))

    path = _path(arguments)
    if not path.exists():
        raise CommandError(f"no key is named {arguments.name!r}: there is no file {str(path)!r}")
    change_key_file(path, revoked)
    _say(f"the key {arguments.name!r} is revoked, with all tokens made with it")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from streaming.auth.keyfile import is_open_to_others
    from streaming.auth.keys import digest_of, matches

    path = _path(arguments)
    keys = _known(arguments)
    if path.exists() and is_open_to_others(path):
        _say(f"warning: others on this machine can read {path}; mend it: chmod 600 {path}")
    given = getpass("key (empty: none): ") if sys.stdin.isatty() else sys.stdin.readline()
    if not given.strip():
        good = sum(key.problem(time.time()) is None for key in keys)
        print(f"{path}: {len(keys)} keys, {good} of them good")
        return 0
    digest = digest_of(given.strip())
    for key in keys:
        if matches(key, digest):
            print(f"{key.name}: {_state(key, time.time())}")
            return 0 if key.problem(time.time()) is None else 1
    print("not known here")
    return 1


def _known(arguments: argparse.Namespace) -> tuple[Key, ...]:
    """All keys: of the file and of the settings."""
    from streaming.auth.keyfile import KeyFile, read_key_file
    from streaming.auth.keys import read_entry

    try:
        content = read_key_file(_path(arguments))
    except FileNotFoundError:
        content = KeyFile()
    fixed = settings_from(arguments).auth.keys
    return (*content.keys, *(read_entry(entry.get_secret_value()) for entry in fixed))


def _path(arguments: argparse.Namespace) -> Path:
    from streaming.auth.keyfile import default_keys_file

    given: Path | None = arguments.keys_file
    path = given or settings_from(arguments).auth.keys_file or default_keys_file()
    if path is None:
        raise CommandError("keys have no place: this user has no home; say --keys-file FILE")
    return path


def _moment(text: str | None, now: int) -> int | None:
    """Read when something ends; a date is the end of that day, UTC."""
    if text is None:
        return None
    if span := _SPAN.fullmatch(text):
        return now + int(span[1]) * _UNITS[span[2]]
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"--expires: {text!r} is neither 90d, 12h, 30m nor 2030-01-31") from None
    moment = int(day.timestamp()) + _UNITS["d"]
    if moment <= now:
        raise CommandError(f"--expires: {text!r} is past")
    return moment


def _state(key: Key, now: float) -> str:
    match key.problem(now):
        case "revoked":
            return f"revoked {_day(key.revoked_at)}"
        case "expired":
            return f"expired {_day(key.expires_at)}"
    return "good" + (f" until {_day(key.expires_at)}" if key.expires_at is not None else "")


def _day(moment: int | None) -> str:
    if moment is None:
        return ""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%MZ")


def _say(text: str) -> None:
    """Write for people: standard output is the key's alone."""
    print(text, file=sys.stderr)
