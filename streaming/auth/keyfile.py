"""The file that keys are kept in: read whole, written whole, by one writer at a time.

It holds no key, but it is a secret all the same: tokens are signed with what stands in it. It is
made for its owner alone; a server goes by its last good state when it is damaged.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from streaming.auth.keys import Key
from streaming.errors import BadConfiguration
from streaming.folders import users_own

_VERSION: Final = 1
_LARGEST_BYTES: Final = 4 * 2**20
_LOCK_S: Final = 10.0
_SECRET_BYTES: Final = 32
_FIELDS: Final = {each.name: each for each in fields(Key)}
_TEXTS: Final = ("name", "digest")


class KeyFileDamaged(BadConfiguration):
    """The file can't be read, or holds something else; the message names it and says what."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"auth.keys_file: {str(path)!r} {reason}", field="auth.keys_file")


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What stands in the file."""

    keys: tuple[Key, ...] = ()
    token_secret: bytes = field(default=b"", repr=False)

    def find(self, name: str) -> Key | None:
        """Return the key of that name."""
        return next((key for key in self.keys if key.name == name), None)

    def with_key(self, key: Key) -> KeyFile:
        """Return the same with a key put in the place of the one of its name, or at the end."""
        others = tuple(each for each in self.keys if each.name != key.name)
        return KeyFile((*others, key), self.token_secret)


def default_keys_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where keys are kept unless a setting says: among the user's configuration."""
    try:
        base = users_own(environ, windows="APPDATA", xdg="XDG_CONFIG_HOME", usual="~/.config")
    except RuntimeError:  # this user has no home
        return None
    return base / "wirescribe" / "keys.json"


def read_key_file(path: Path) -> KeyFile:
    """Read the file; FileNotFoundError when there is none, KeyFileDamaged when it is no such."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyFileDamaged(path, f"can't be read: {error.strerror}") from None
    if len(data) > _LARGEST_BYTES:
        raise KeyFileDamaged(path, f"is larger than {_LARGEST_BYTES} bytes")
    try:
        return _parse(json.loads(data))
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError):
        raise KeyFileDamaged(path, "is not JSON") from None
    except ValueError as error:
        raise KeyFileDamaged(path, f"is damaged: {error}") from None


def change_key_file(path: Path, change: Callable[[KeyFile], KeyFile]) -> KeyFile:
    """Apply a change while nobody else does, and return what is in the file then.

    The file is replaced as a whole, so a reader sees the old one or the new one. What ``change``
    raises leaves it as it was.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(path.with_name(path.name + ".lock"), timeout=_LOCK_S, mode=0o600)
        with lock:
            try:
                before = read_key_file(path)
            except FileNotFoundError:
                before = KeyFile()
            if not before.token_secret:
                before = KeyFile(before.keys, secrets.token_bytes(_SECRET_BYTES))
            after = change(before)
            _write(path, after)
            return after
    except Timeout:
        raise KeyFileDamaged(path, f"is locked by another process for {_LOCK_S:g} s") from None
    except OSError as error:
        raise KeyFileDamaged(path, f"can't be written: {error.strerror}") from None


def is_open_to_others(path: Path) -> bool:
    """Whether other users of the machine may read or write the file."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def _write(path: Path, content: KeyFile) -> None:
    text = json.dumps(
        {
            "version": _VERSION,
            "token_secret": content.token_secret.hex(),
            "keys": [_without_none(asdict(key)) for key in content.keys],
        },
        indent=1,
    )
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parse(tree: object) -> KeyFile:
    if type(tree) is not dict or tree.get("version") != _VERSION:
        raise ValueError(f"version is not {_VERSION}")
    if unknown := tree.keys() - {"version", "token_secret", "keys"}:
        raise ValueError(f"{sorted(unknown)[0]!r} is unknown")
    secret, keys = tree.get("token_secret", ""), tree.get("keys", [])
    if type(secret) is not str or type(keys) is not list:
        raise ValueError("token_secret is not text, or keys no list")
    try:
        secret_bytes = bytes.fromhex(secret)
    except ValueError:
        raise ValueError("token_secret is not hexadecimal") from None
    found = tuple(_key(number, values) for number, values in enumerate(keys))
    check_unlike(found)
    return KeyFile(found, secret_bytes)


def _key(number: int, values: object) -> Key:
    if type(values) is not dict:
        raise ValueError(f"keys[{number}] is not an object")
    for name, value in values.items():
        if name not in _FIELDS:
            raise ValueError(f"keys[{number}]: {name!r} is unknown")
        kind, said = (str, "text") if name in _TEXTS else (int, "a whole number")
        if type(value) is not kind:
            raise ValueError(f"keys[{number}].{name} is not {said}")
    if missing := [name for name in _TEXTS if name not in values]:
        raise ValueError(f"keys[{number}].{missing[0]} is missing")
    return Key(**values)


def check_unlike(keys: Iterable[Key]) -> None:
    """Raise ValueError when two keys share a name, or are one."""
    names: set[str] = set()
    for key in keys:
        if key.name in names:
            raise ValueError(f"two keys are named {key.name!r}")
        if key.id in names:
            raise ValueError(f"key {key.name!r} stands there twice")
        names |= {key.name, key.id}
