"""Start the server: ``python server.py --help`` lists what can be set."""

from __future__ import annotations

import signal
import sys

if __name__ == "__main__":
    # Ctrl-C while the libraries are still being imported ends it without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from streaming.cli import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(["serve", *sys.argv[1:]]))
