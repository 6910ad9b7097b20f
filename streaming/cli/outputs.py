"""Where transcripts go: standard output, a file, or a folder with one file for each."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from streaming.cli.errors import CommandError
from streaming.cli.formats import Format
from streaming.cli.inputs import Input


def plan_outputs(inputs: Sequence[Input], output: str | None, form: Format) -> list[Path | None]:
    """Decide where each transcript goes, before an hour is spent on making it.

    None is standard output. An existing folder, a name ending in a slash, or several inputs make
    ``output`` a folder. Raises :class:`~streaming.cli.errors.CommandError` when it can't be what
    it has to be.
    """
    if output is None or output == "-":
        if len(inputs) > 1 and form in (Format.SRT, Format.VTT):
            raise CommandError(
                f"--format: {form.value!r} of {len(inputs)} files can't follow each other on "
                "standard output; name a folder with --output"
            )
        return [None] * len(inputs)
    target = Path(output)
    as_folder = len(inputs) > 1 or target.is_dir() or output.endswith(("/", os.sep))
    folder = target if as_folder else target.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from None
    names = _names(inputs, form) if as_folder else [Path(target.name)]
    paths: list[Path | None] = [folder / name for name in names]
    for source, path in zip(inputs, paths, strict=True):
        if _same(source.path, path):
            raise CommandError(f"--output: {str(path)!r} would overwrite what is transcribed")
    return paths


def write_file(path: Path, text: str) -> None:
    """Put a text there whole or not at all.

    Raises :class:`~streaming.cli.errors.CommandError` when it can't be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=".", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise _unwritable(path, error) from None


def _names(inputs: Sequence[Input], form: Format) -> list[Path]:
    """Name transcripts after their sources; sources that differ in suffix only keep theirs."""
    short = [source.relative.with_suffix(form.suffix) for source in inputs]
    often = Counter(short)
    names: list[Path] = []
    taken: set[Path] = set()
    for source, name in zip(inputs, short, strict=True):
        if often[name] > 1:
            name = source.relative.with_name(source.relative.name + form.suffix)
        number = 1
        while name in taken:
            number += 1
            name = name.with_name(f"{source.relative.name}-{number}{form.suffix}")
        taken.add(name)
        names.append(name)
    return names


def _same(source: Path | None, target: Path | None) -> bool:
    try:
        return source is not None and target is not None and target.samefile(source)
    except OSError:  # one of them isn't there
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> CommandError:
    reason = error.strerror or type(error).__name__
    return CommandError(f"--output: {str(path)!r} can't be written: {reason}")
