"""The decoding process: standard input is a media file, standard output its blocks as messages.

Run as ``python -m streaming.media.worker OPTIONS`` by :func:`streaming.media.open_media`, with the
options as JSON. It ends when its parent stops reading.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

from streaming.media import messages
from streaming.media.base import MediaError
from streaming.media.confine import confine
from streaming.media.decoder import decode_media


def main() -> None:
    """Decode standard input."""
    # Ctrl-C is for the parent, which may want to finish first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine()
    # Libraries that print must not print between the messages.
    out = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    options = json.loads(sys.argv[1])
    with contextlib.suppress(BrokenPipeError):
        try:
            with open(0, "rb", closefd=False) as file, decode_media(file, **options) as media:
                messages.write(out, messages.Kind.INFO, messages.pack_info(media.info))
                for block in media:
                    messages.write(out, messages.Kind.BLOCK, messages.pack_block(block))
                messages.write(out, messages.Kind.DONE, (media.damage or "").encode())
        except MediaError as error:
            messages.write(out, messages.Kind.ERROR, error.message.encode())
    # No tidying up: freeing what a hostile file left behind is how decoders crash.
    os._exit(0)


if __name__ == "__main__":
    main()
