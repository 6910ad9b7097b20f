"""Names in the recordings that the embedded model misspells when nobody tells it of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from load.manifest import Recording
from streaming.stabilizer import normalized

# By a part of the file's name.
NAMES: Mapping[str, tuple[str, ...]] = {
    "fleurs-de-000": ("Kowloon",),
    "fleurs-de-004": ("Mekka",),
    "fleurs-de-006": ("Blogerfahrung",),
    "fleurs-en-002": ("Sintra",),
    "fleurs-es-004": ("Carpanedo",),
    "fleurs-fr-004": ("Mashhad",),
    "fleurs-fr-006": ("Del Potro", "tie-break"),
    "fleurs-pt-000": ("Bieber",),
    "fleurs-pt-002": ("Giancarlo", "Fisichella"),
    "fleurs-pt-004": ("scaffolding",),
    "librivox_de": ("Grimmelshausen", "Simplicissimus", "Simplicius", "Melchior", "Fuchshaim"),
    "LJ001-0007": ("Gutenberg",),
    "us_aew_a0001": ("Philip",),
    "us_aew_a0002": ("Whittemore",),
    "13697_11991": ("Wentworth",),
    "ES2011a": ("Claflin", "Abbie"),
    "sample01-gt": ("Schoko-Bonbons",),
    "sample02-gt": ("Tröte",),
    "6930-75918": ("Concord",),
}
EVERY_NAME = tuple(name for names in NAMES.values() for name in names)


def names_in(recording: Recording) -> tuple[str, ...]:
    """The names of a recording, none for most."""
    return next((names for part, names in NAMES.items() if part in recording.file), ())


def times_in(name: str, text: str) -> int:
    """How often a name stands in a text, however it is written."""
    words = " ".join(filter(None, map(normalized, text.split())))
    wanted = " ".join(map(normalized, name.split()))
    return f" {words} ".count(f" {wanted} ")


def recalled(recording: Recording, text: str) -> dict[str, tuple[int, int]]:
    """Of each of the recording's names: how often it was heard, and how often it was said."""
    spoken = recording.texts[0] or ""
    said = {name: times_in(name, spoken) for name in names_in(recording)}
    return {name: (min(said[name], times_in(name, text)), said[name]) for name in said}


def invented(recording: Recording, text: str, hotwords: Sequence[str]) -> int:
    """How often any of the hot words stands in a text more often than it was said."""
    spoken = recording.texts[0] or ""
    return sum(max(0, times_in(name, text) - times_in(name, spoken)) for name in hotwords)
