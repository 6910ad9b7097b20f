"""Writes the server's side of the recorded exchanges anew: ``python -m tests.protocol.record``.

Names of exchanges may be given; all are recorded otherwise. Look at the difference before you
commit it: the recordings are what says that the protocol has not changed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.protocol.exchange import Replay, golden_files, load, save


def main(names: Sequence[str]) -> int:
    """Record; the exit status is 1 where there is no exchange of a name."""
    files = [path for path in golden_files() if not names or path.stem in names]
    missing = set(names) - {path.stem for path in files}
    if missing:
        sys.stderr.write(f"no such exchange: {', '.join(sorted(missing))}\n")
        return 1
    for path in files:
        before = load(path)
        after = Replay().play(before)
        save(path, after)
        sys.stdout.write(f"{path.stem}: {'as before' if after == before else 'changed'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
