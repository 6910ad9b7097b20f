"""WhisperLiveKit: its protocol ``/asr`` in the mode ``full``, and how its server is started.

Every message holds the whole transcript: ``lines`` of validated text (they only grow) and the
``buffer_transcription`` behind them, which may change. Lines with speaker -2 are silence. An empty
binary message ends the audio; ``ready_to_stop`` says that all of it has been processed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from load.peers.dialect import Message, Refused
from load.peers.display import Display, joined

LAUNCHER = Path(__file__).parent / "launch_whisperlivekit.py"
_SILENCE = -2


class WhisperLiveKit:
    """One session."""

    greeting: str | None = None
    farewell = b""

    def __init__(self, language: str | None, *, patience_s: float = 0.0) -> None:
        self.patience_s = patience_s
        self.path = "/asr" + (f"?{urlencode({'language': language})}" if language else "")

    def is_ready(self, message: Message) -> bool:
        """Its first message, ``config``."""
        _refuse(message)
        return message.get("type") == "config"

    def take(self, message: Message, at_s: float) -> Display | None:
        """Lines were validated by the policy and stay; nothing is called final."""
        _refuse(message)
        lines = message.get("lines")
        if not isinstance(lines, list):
            return None
        said = [line.get("text") or "" for line in lines if line.get("speaker") != _SILENCE]
        tentative = (message.get("buffer_transcription"), message.get("buffer_diarization"))
        return Display(
            at_s, promised=joined(said), tentative=joined(text or "" for text in tentative)
        )

    def is_over(self, message: Message) -> bool:
        """``ready_to_stop``."""
        return message.get("type") == "ready_to_stop"


def _refuse(message: Message) -> None:
    if message.get("type") == "error" or message.get("error"):
        raise Refused(str(message.get("error", "error")))


def local_agreement(python: Path, port: int, model_dir: Path, extra: Sequence[str]) -> list[str]:
    """Starts LocalAgreement over faster-whisper."""
    return [
        *(str(python), "-m", "whisperlivekit.basic_server"),
        *("--backend-policy", "localagreement", "--model_dir", str(model_dir)),
        *_common(port),
        *extra,
    ]


def simul_streaming(python: Path, port: int, model_dir: Path, extra: Sequence[str]) -> list[str]:
    """Starts its default policy: faster-whisper's encoder, PyTorch's decoder, the same weights."""
    return [
        *(str(python), str(LAUNCHER), "--ct2-model-dir", str(model_dir)),
        *("--backend-policy", "simulstreaming"),
        *_common(port),
        *extra,
    ]


def _common(port: int) -> list[str]:
    """Raw samples, and no warm-up recording, which would be downloaded: a session warms it up."""
    return [
        *("--host", "127.0.0.1", "--port", str(port), "--backend", "faster-whisper"),
        *("--pcm-input", "--warmup-file", "", "--log-level", "WARNING"),
    ]
