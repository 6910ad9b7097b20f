"""Command line flags that several subcommands share, and how they become settings."""

from __future__ import annotations

import argparse
from pathlib import Path

from streaming.settings import Settings, load_settings

_FLAGS = {
    "host": ("server", "host"),
    "port": ("server", "port"),
    "log_level": ("server", "log_level"),
    "model": ("engine", "model"),
    "device": ("engine", "device"),
    "compute_type": ("engine", "compute_type"),
    "models_dir": ("engine", "models_dir"),
    "max_sessions": ("limits", "max_sessions"),
}


def add_engine_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which model runs where."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as TOML")
    parser.add_argument("--model", metavar="NAME", help="a name of `models list`, or a folder")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--compute-type", metavar="TYPE", help="float16, int8, ...; auto chooses")
    parser.add_argument("--models-dir", type=Path, metavar="DIR", help="where models are kept")


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings with what was said on the command line on top."""
    overrides: dict[str, dict[str, object]] = {}
    for flag, (section, key) in _FLAGS.items():
        value = getattr(arguments, flag, None)
        if value is not None:
            overrides.setdefault(section, {})[key] = value
    return load_settings(overrides, config=getattr(arguments, "config", None))
