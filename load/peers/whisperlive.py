"""WhisperLive: its protocol as its own client reads it, and how its server is started.

The server sends ``segments``: the last few that are ``completed`` and, behind them, at most one
that isn't and is replaced by the next message. Completed segments never change. Nothing answers
``END_OF_AUDIO``: the server closes at once and drops what it hasn't decoded, which is why its own
client first waits until no new text has come for 15 s. So does this one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from load.peers.dialect import Message, Refused
from load.peers.display import Display, joined

HERE = Path(__file__).parent
LAUNCHER = HERE / "launch_whisperlive.py"


class WhisperLive:
    """One session. The options are the defaults of the peer's own client."""

    path = "/"
    farewell = b"END_OF_AUDIO"

    def __init__(self, language: str | None, *, uid: str, patience_s: float = 15.0) -> None:
        self.patience_s = patience_s
        self.greeting: str | None = json.dumps(
            {
                "uid": uid,
                "language": language,
                "task": "transcribe",
                "model": "base",
                "use_vad": True,
                "send_last_n_segments": 10,
                "no_speech_thresh": 0.45,
                "clip_audio": False,
                "same_output_threshold": 10,
                "audio_format": "int16",
            }
        )
        self._completed: list[str] = []
        self._completed_end_s = 0.0
        self._open: tuple[float, str] | None = None

    def is_ready(self, message: Message) -> bool:
        """``SERVER_READY``; a status (``WAIT``: it is full, ``ERROR``) refuses."""
        _refuse(message)
        return message.get("message") == "SERVER_READY"

    def take(self, message: Message, at_s: float) -> Display | None:
        """Adds completed segments that begin where the known ones end, as its own client does.

        A message without an open segment leaves the last one standing, until completed ones have
        passed it: that, too, is what its client shows.
        """
        _refuse(message)
        segments = message.get("segments")
        if not isinstance(segments, list):
            return None
        for segment in segments:
            start_s, end_s = float(segment["start"]), float(segment["end"])
            if not segment.get("completed", False):
                self._open = (start_s, segment["text"])
            elif not self._completed or start_s >= self._completed_end_s:
                self._completed.append(segment["text"])
                self._completed_end_s = end_s
        if self._open is not None and self._open[0] < self._completed_end_s:
            self._open = None
        return Display(
            at_s,
            final=joined(self._completed),
            tentative=self._open[1].strip() if self._open else "",
        )

    def is_over(self, message: Message) -> bool:
        """``DISCONNECT`` says that the session has lasted too long."""
        return message.get("message") == "DISCONNECT"


def _refuse(message: Message) -> None:
    status = message.get("status")
    if status in ("WAIT", "ERROR"):
        raise Refused(f"{status}: {message.get('message')}")


def command(python: Path, port: int, model_dir: Path, extra: Sequence[str]) -> list[str]:
    """Starts the ``faster_whisper`` backend with one model for all clients."""
    return [str(python), str(LAUNCHER), "--port", str(port), "--model-dir", str(model_dir), *extra]


def environment(threads: int) -> dict[str, Any]:
    """Its own start script sets one thread unless told otherwise; here it has all."""
    return {"OMP_NUM_THREADS": str(threads)}
