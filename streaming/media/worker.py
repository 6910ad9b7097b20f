"""The decoding process: standard input is a media file, standard output its blocks as messages.

Run as ``python -m streaming.media.worker OPTIONS`` by :func:`streaming.media.open_media`, with the
options as JSON. It ends when its parent stops reading, and when nothing comes of the file for
``patience_s``, if there is such: an alarm ends it even within FFmpeg.
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
    patience_s = options.pop("patience_s") or 0.0
    _alarm(patience_s)
    with contextlib.suppress(BrokenPipeError):
        try:
            with open(0, "rb", closefd=False) as file, decode_media(file, **options) as media:
                _alarm(0)  # the parent may take its time to read
                messages.write(out, messages.Kind.INFO, messages.pack_info(media.info))
                _alarm(patience_s)
                for block in media:
                    _alarm(0)
                    messages.write(out, messages.Kind.BLOCK, messages.pack_block(block))
                    _alarm(patience_s)
                _alarm(0)
                messages.write(out, messages.Kind.DONE, (media.damage or "").encode())
        except MediaError as error:
            messages.write(out, messages.Kind.ERROR, error.message.encode())
    # No tidying up: freeing what a hostile file left behind is how decoders crash.
    os._exit(0)


def _alarm(seconds: float) -> None:
    """End the process in so long, unless another alarm is set before; 0: not at all."""
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
