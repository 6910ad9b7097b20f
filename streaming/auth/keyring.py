"""The keys that count just now: those of the settings, and those of a file that may change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from streaming.auth.keyfile import KeyFile, KeyFileDamaged, check_unlike, read_key_file
from streaming.auth.keys import Key, digest_of, is_key, matches
from streaming.errors import BadConfiguration

Told = Callable[[str, KeyFileDamaged | None], None]
"""Told that the file was read, by ``"loaded"``, ``"gone"`` or ``"damaged"`` with the reason."""

_NOBODY: Final = Key("nobody", "0" * 64)


def _untold(outcome: str, problem: KeyFileDamaged | None) -> None:
    pass


class Keyring:
    """Looks keys up, and looks at the file anew whenever it has been replaced.

    A file that is damaged, or gone, takes nothing away: the last good state stays in force, for a
    server that loses its keys must neither open up nor shut everyone out. Raises
    :class:`KeyFileDamaged` when it can't be read at the very start.
    """

    def __init__(
        self, fixed: Iterable[Key] = (), file: Path | None = None, told: Told = _untold
    ) -> None:
        self._fixed = tuple(fixed)
        self._file = file
        self._told = told
        self._content: KeyFile | None = None
        self._by_id: dict[str, Key] = {}
        self._seen = self._stamp()
        content = None
        if file is not None:
            with suppress(FileNotFoundError):
                content = read_key_file(file)
        self._take(content)

    @property
    def any(self) -> bool:
        """Whether there is, or ever was, a list of keys; it may have become empty."""
        self._refresh()
        return bool(self._fixed) or self._content is not None

    @property
    def token_secret(self) -> bytes:
        """What the file has tokens signed with; empty when it says nothing."""
        self._refresh()
        return self._content.token_secret if self._content is not None else b""

    @property
    def keys(self) -> tuple[Key, ...]:
        """All of them, good or not."""
        self._refresh()
        return tuple(self._by_id.values())

    def find(self, secret: str) -> Key | None:
        """Return the key that a secret is, good or not; None when it is none."""
        if not is_key(secret):
            return None
        self._refresh()
        digest = digest_of(secret)
        # Looked up by what everybody may see, compared as a whole: in the same time, known or not.
        key = self._by_id.get(Key("any", digest).id, _NOBODY)
        return key if matches(key, digest) and key is not _NOBODY else None

    def get(self, key_id: str) -> Key | None:
        """Return the key with that :attr:`~streaming.auth.keys.Key.id`, good or not."""
        self._refresh()
        return self._by_id.get(key_id)

    # -- the file ------------------------------------------------------------------------------

    def _refresh(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        if self._file is None or stamp is None:
            self._told("gone", None)
            return
        try:
            self._take(read_key_file(self._file))
        except FileNotFoundError:
            self._seen = None
            self._told("gone", None)
        except KeyFileDamaged as problem:
            self._told("damaged", problem)
        else:
            self._told("loaded", None)

    def _stamp(self) -> tuple[int, ...] | None:
        """What changes whenever the file does; None where there is none."""
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _take(self, content: KeyFile | None) -> None:
        keys = (*self._fixed, *(content.keys if content is not None else ()))
        try:
            check_unlike(keys)
        except ValueError as error:
            if self._file is None or content is None:
                raise BadConfiguration(f"auth.keys: {error}", field="auth.keys") from None
            raise KeyFileDamaged(self._file, f"is damaged: {error}") from None
        self._content = content
        self._by_id = {key.id: key for key in keys}
