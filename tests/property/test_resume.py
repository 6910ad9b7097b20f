"""Random cuts against an uncut run of the same audio: no word lost, none twice."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator

import numpy as np
import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.engine.fake import FakeEngine
from streaming.service import Service
from streaming.settings import Settings
from tests.protocol.schema import Transcript
from tests.protocol.sounds import Samples, encoded, interleaved, silence, speech
from tests.support.cuts import Caller

CUTS = int(os.environ.get("WIRESCRIBE_CUTS", "30"))
"""How many; 1000 of them are what the project promises, and take minutes."""

_CUTS_EACH = 5


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    # On a busy machine a client may be away for long without meaning to.
    limits = {"resume_ms": 600_000}
    chosen = Settings.model_validate({"vad": {"mode": "webrtc"}, "limits": limits})
    it = Service(chosen, lambda: [FakeEngine(concurrency=2)])
    await it.start()
    yield it
    await it.stop()


def conversation(rng: random.Random, rate: int) -> Samples:
    parts = []
    for _ in range(rng.randrange(2, 5)):
        parts += [speech(rng.randrange(600, 2_600), rate), silence(rng.randrange(200, 1_400), rate)]
    return np.concatenate(parts)


def sound(rng: random.Random, form: AudioFormat) -> bytes:
    channels = [conversation(rng, form.sample_rate) for _ in range(form.channels)]
    length = max(map(len, channels))
    padded = [np.pad(each, (0, length - len(each))) for each in channels]
    return encoded(interleaved(*padded), form.encoding.value)


def said(transcript: Transcript) -> list[tuple[object, ...]]:
    """What lasts, by channel: between channels there is no order."""
    found = [
        (event.get("channel"), event["type"], event.get("segment"), event.get("text"),
         event.get("start_ms"), event.get("end_ms"), event.get("at_ms"))
        for event in transcript.events
        if event["type"] in ("final", "warning", "speech_started", "speech_ended")
    ]  # fmt: skip
    return sorted(found, key=repr)


FORMS = (
    AudioFormat(),
    AudioFormat(Encoding.PCM_S16LE, 44_100, 2),
    AudioFormat(Encoding.PCM_F32LE, 48_000, 1),
    AudioFormat(Encoding.MULAW, 8_000, 2),
    AudioFormat(Encoding.PCM_S16LE, 11_025, 1),
    AudioFormat(Encoding.ALAW, 22_050, 1),
)


@pytest.mark.timeout(max(60, CUTS))
@pytest.mark.parametrize("says_received", [True, False], ids=["counted", "by the letter"])
async def test_cuts_change_nothing(service: Service, *, says_received: bool) -> None:
    """Who doesn't say what it has received may hear again what was on its way, and nothing else."""
    cut = repeated = 0
    for seed in range(10**6):
        if cut >= CUTS:
            break
        rng = random.Random(seed)
        form = FORMS[seed % len(FORMS)]
        audio = sound(rng, form)
        whole = await Caller(service, audio, form, rng).talk(0)
        caller = Caller(service, audio, form, rng, says_received=says_received)
        broken = await caller.talk(rng.randrange(1, 2 * _CUTS_EACH))
        cut += caller.cuts
        repeated += caller.repeated
        assert said(broken) == said(whole), seed
        assert broken.events[-1] == {**whole.events[-1], "seq": broken.events[-1]["seq"]}
    assert cut >= CUTS
    assert service.metrics.value("sessions_resumed_total") == cut
    assert not repeated or not says_received
    assert not len(service.parking)
    assert service.slots.active == 0
