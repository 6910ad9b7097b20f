"""What was heard in a recording, as it is answered and as it is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final as Constant

from streaming.events import Final
from streaming.finals import dump_final, load_final

# Written without spaces between sentences.
_UNSPACED: Constant = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})


@dataclass(frozen=True, slots=True)
class Transcript:
    """All finals of a recording; ``damage`` says in words what of it could not be decoded."""

    finals: tuple[Final, ...]
    duration_ms: int
    damage: str | None = None

    @property
    def text(self) -> str:
        """The whole: all pieces, one behind the other."""
        return "".join(pieces(self.finals))

    @property
    def language(self) -> str:
        """What most of it is spoken in; "" where nothing is."""
        spoken: dict[str, int] = {}
        for final in self.finals:
            spoken[final.language] = spoken.get(final.language, 0) + final.end_ms - final.start_ms
        return max(spoken, key=lambda code: spoken[code], default="")

    def dump(self) -> bytes:
        """Return it as JSON, for :meth:`load`."""
        return json.dumps(
            {
                "finals": [dump_final(final) for final in self.finals],
                "duration_ms": self.duration_ms,
                "damage": self.damage,
            },
            separators=(",", ":"),
            ensure_ascii=False,
        ).encode()

    @classmethod
    def load(cls, data: bytes) -> Transcript:
        """Read what :meth:`dump` wrote; ValueError, KeyError or TypeError where it isn't that."""
        said = json.loads(data)
        finals = tuple(load_final(each) for each in said["finals"])
        return cls(finals, said["duration_ms"], said["damage"])


def pieces(finals: Sequence[Final]) -> list[str]:
    """Return each final's text with the space that stands before it; joined they are the whole."""
    out: list[str] = []
    for final in finals:
        text = final.text.strip()
        gap = "" if not out or not text or final.language in _UNSPACED else " "
        out.append(gap + text)
    return out
