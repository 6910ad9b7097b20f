"""Writes the server's side of the recorded exchanges anew: ``python -m tests.protocol.record``.

Names of exchanges may be given; all are recorded otherwise. Look at the difference before you
commit it: the recordings are what says that the protocol has not changed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from streaming.transports.codec import Codec
from streaming.transports.deepgram import DeepgramCodec
from streaming.transports.native import NativeCodec
from streaming.transports.vosk import VoskCodec
from tests.protocol.exchange import GOLDEN, Replay, golden_files, load, save


def deepgram() -> DeepgramCodec:
    """One whose id and beginning are always the same."""
    return DeepgramCodec("a-request", "2026-11-22T16:00:00.000+00:00")


DIALECTS: Final[Mapping[Path, Callable[[], Codec]]] = {
    GOLDEN: NativeCodec,
    GOLDEN / "vosk": VoskCodec,
    GOLDEN / "deepgram": deepgram,
}


def main(names: Sequence[str]) -> int:
    """Record; the exit status is 1 where there is no exchange of a name."""
    codecs = {
        path: codec
        for folder, codec in DIALECTS.items()
        for path in golden_files(folder)
        if not names or path.stem in names
    }
    missing = set(names) - {path.stem for path in codecs}
    if missing:
        sys.stderr.write(f"no such exchange: {', '.join(sorted(missing))}\n")
        return 1
    for path, codec in codecs.items():
        before = load(path)
        after = Replay(codec()).play(before)
        save(path, after)
        sys.stdout.write(f"{path.stem}: {'as before' if after == before else 'changed'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
