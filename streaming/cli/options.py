"""Command line flags that several subcommands share, and how they become settings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from streaming.cli.formats import Format
from streaming.endpointing import Preset

if TYPE_CHECKING:
    from streaming.settings import Settings
    from streaming.sources import Origins

_FLAGS = {
    "host": ("server", "host"),
    "port": ("server", "port"),
    "log_level": ("server", "log_level"),
    "model": ("engine", "model"),
    "device": ("engine", "device"),
    "compute_type": ("engine", "compute_type"),
    "models_dir": ("engine", "models_dir"),
    "max_sessions": ("limits", "max_sessions"),
    "endpointing": ("endpointing", "preset"),
}


def add_config_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say where settings and models are."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings as TOML (default: $WIRESCRIBE_CONFIG)"
    )
    parser.add_argument(
        "--models-dir", type=Path, metavar="DIR", help="where models are kept (default: the cache)"
    )


def add_engine_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which model runs where."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        metavar="NAME",
        help="a name of `wirescribe models list`, or a folder (default: large-v3 on a GPU, base "
        "on a CPU)",
    )
    group.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), help="what computes (default: a GPU if any)"
    )
    group.add_argument(
        "--compute-type",
        metavar="TYPE",
        help="precision: float16, int8, … (default: float16 on a GPU, int8 on a CPU)",
    )


def add_speech_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how speech is understood and written down."""
    speech = parser.add_argument_group("speech")
    spoken = speech.add_mutually_exclusive_group()
    spoken.add_argument("--language", metavar="CODE", help="en, de, … (default: detect it)")
    spoken.add_argument(
        "--languages", metavar="A,B,…", help="detect it among these (default: among all)"
    )
    speech.add_argument(
        "--task",
        choices=("transcribe", "translate"),
        default="transcribe",
        help="translate: write English, whatever is spoken",
    )
    speech.add_argument(
        "--endpointing",
        choices=[preset.value for preset in Preset],
        help="what it is: where a line ends (default: as the settings say)",
    )
    speech.add_argument("--prompt", metavar="TEXT", help="what precedes: names, style, topic")
    speech.add_argument("--hotwords", metavar="A,B,…", help="words to listen for")
    text = parser.add_argument_group("text")
    text.add_argument(
        "--format",
        type=str.lower,
        choices=[form.value for form in Format],
        help="what to write (default: by the suffix of --output, else text)",
    )
    text.add_argument("--output", metavar="PATH", help="write there instead of standard output")
    text.add_argument(
        "--words",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="put every word with its times into JSON (default: yes)",
    )
    text.add_argument(
        "--partials",
        action=argparse.BooleanOptionalAction,
        help="show on the terminal what is being said before it is final",
    )


def format_from(arguments: argparse.Namespace) -> Format:
    """Return the form asked for, by name or by the suffix of the output."""
    if arguments.format is not None:
        return Format(arguments.format)
    suffix = Path(arguments.output or "").suffix.lower()
    return next((form for form in Format if form.suffix == suffix), Format.TEXT)


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings with what was said on the command line on top."""
    return read_settings_from(arguments)[0]


def read_settings_from(arguments: argparse.Namespace) -> tuple[Settings, Origins]:
    """Return the settings, and where each that isn't a default comes from."""
    from streaming.sources import read_settings

    overrides: dict[str, dict[str, object]] = {}
    for flag, (section, key) in _FLAGS.items():
        value = getattr(arguments, flag, None)
        if value is not None:
            overrides.setdefault(section, {})[key] = value
    return read_settings(overrides, config=getattr(arguments, "config", None))
