"""pipecat's Deepgram service: python pipecat_deepgram.py BASE_URL KEY RECORDING PACE

In pipecat's environment. RECORDING is 16 kHz, 16 bits, one channel; it is played PACE times as fast
as it was spoken, and "finalize" at its end comes as from a voice detector. Each frame of text is
printed as a line of JSON, up to the one that answers it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
CHUNK_S = 0.02
LONGEST_S = 20.0


def tell(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


class Printer(FrameProcessor):  # type: ignore[misc]
    """Prints text, and knows when the last of it has come."""

    def __init__(self) -> None:
        super().__init__()
        self.finalized = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterimTranscriptionFrame):
            tell(interim=frame.text)
        elif isinstance(frame, TranscriptionFrame):
            tell(final=frame.text, finalized=frame.finalized)
            if frame.finalized:
                self.finalized.set()
        await self.push_frame(frame, direction)


class Errors(FrameProcessor):  # type: ignore[misc]
    """Errors go upstream: this stands before the service."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, ErrorFrame):
            tell(error=frame.error)
        await self.push_frame(frame, direction)


async def main(base_url: str, key: str, audio: bytes, pace: float) -> None:
    printer = Printer()
    service = DeepgramSTTService(api_key=key, base_url=base_url, sample_rate=RATE)
    worker = PipelineWorker(
        Pipeline([Errors(), service, printer]),
        params=PipelineParams(audio_in_sample_rate=RATE),
        enable_rtvi=False,
    )
    started = asyncio.Event()
    worker.event_handler("on_pipeline_started")(lambda *_: started.set())

    async def speak() -> None:
        await started.wait()
        await worker.queue_frame(VADUserStartedSpeakingFrame())
        size = int(RATE * CHUNK_S) * 2
        for at in range(0, len(audio), size):
            piece = audio[at : at + size]
            await worker.queue_frame(InputAudioRawFrame(piece, sample_rate=RATE, num_channels=1))
            await asyncio.sleep(CHUNK_S / pace)
        await worker.queue_frame(VADUserStoppedSpeakingFrame())
        # Where its last words were final before, the answer to "finalize" is empty, and no frame.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(printer.finalized.wait(), LONGEST_S)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak())


if __name__ == "__main__":
    address, secret, recording, speed = sys.argv[1:]
    asyncio.run(main(address, secret, Path(recording).read_bytes(), float(speed)))
