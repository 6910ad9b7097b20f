"""Start the server: ``python server.py --help`` lists what can be set."""

from __future__ import annotations

import sys

from streaming.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
