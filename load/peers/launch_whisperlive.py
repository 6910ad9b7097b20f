"""Starts WhisperLive's server; runs on the peer's own interpreter.

The package on PyPI comes without the start script of its repository; this does what that does for
``--backend faster_whisper`` with a custom model.
"""

from __future__ import annotations

import argparse
import importlib


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model-dir", required=True)
    parser.add_argument("--max-clients", type=int, default=64)
    parser.add_argument("--batch-inference", action="store_true")
    parser.add_argument("--batch-window-ms", type=int, default=50)
    given = parser.parse_args()
    server = importlib.import_module("whisper_live.server")
    server.TranscriptionServer().run(
        "127.0.0.1",
        port=given.port,
        backend="faster_whisper",
        faster_whisper_custom_model_path=given.model_dir,
        single_model=True,
        max_clients=given.max_clients,
        max_connection_time=24 * 3600,
        batch_enabled=given.batch_inference,
        batch_window_ms=given.batch_window_ms,
    )


if __name__ == "__main__":
    main()
