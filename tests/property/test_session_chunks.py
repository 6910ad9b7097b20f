"""However the bytes are cut, and whatever their format, a session hears the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.audio.formats import AudioFormat, Encoding
from streaming.decoding import Kind
from streaming.endpointing import Endpointing
from streaming.engine.fake import count_words
from streaming.events import Ended, Event, Final, Finalized, SpeechEnded, SpeechStarted, Suppressed
from streaming.options import SessionConfig
from streaming.session import Phase, Session
from tests.support.voices import LOUD, SILENT, LoudnessDetector

formats = st.builds(
    AudioFormat,
    encoding=st.sampled_from(Encoding),
    sample_rate=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000]),
    channels=st.integers(1, 3),
)
_GAPS_MS = [120, 300, 900]
scenes = st.lists(
    st.tuples(st.sampled_from([60, 250, 1_300, 2_600]), st.sampled_from(_GAPS_MS)),
    min_size=1,
    max_size=4,
)


def spoken(audio: AudioFormat, scene: list[tuple[int, int]]) -> bytes:
    """Tones of 500 Hz with pauses; each channel begins a little later than the one before."""
    rate = audio.sample_rate
    parts = []
    for loud_ms, quiet_ms in scene:
        time = np.arange(rate * loud_ms // 1_000) / rate
        parts.append(LOUD * 1.4 * np.sin(2 * np.pi * 500 * time))
        parts.append(np.full(rate * quiet_ms // 1_000, SILENT))
    one = np.concatenate(parts)
    block = np.stack([np.roll(one, channel * 100) for channel in range(audio.channels)], axis=1)
    return encoded(audio.encoding, block)


def encoded(encoding: Encoding, block: npt.NDArray[np.float64]) -> bytes:
    match encoding:
        case Encoding.PCM_F32LE:
            return block.astype("<f4").tobytes()
        case Encoding.PCM_S16LE:
            return np.rint(block * 32_767).astype("<i2").tobytes()
        case Encoding.MULAW:
            # Loud and silent are all it takes: full scale, and zero.
            signs = np.where(block > 0.1, 0x9F, np.where(block < -0.1, 0x1F, 0xFF))
            return signs.astype(np.uint8).tobytes()
        case Encoding.ALAW:
            signs = np.where(block > 0.1, 0xAF, np.where(block < -0.1, 0x2F, 0xD5))
            return signs.astype(np.uint8).tobytes()


class Listener:
    """A session that is decoded at once, and what of its talk is authoritative."""

    def __init__(self, audio: AudioFormat) -> None:
        self.session = Session(
            SessionConfig(
                audio=audio, language="en", partials=False, endpointing=Endpointing(400, 2_000)
            ),
            detector=LoudnessDetector,
        )
        self.said: list[Event] = []

    def hear(self, events: list[Event]) -> None:
        self._keep(events)
        # Early answers would be asked for at moments that depend on the chunks.
        while finals := [r for r in self.session.work() if r.kind is Kind.FINAL]:
            for request in finals:
                self.session.begin(request)
                self._keep(self.session.work_done(request, count_words(request)))

    def _keep(self, events: list[Event]) -> None:
        kinds = (SpeechStarted, SpeechEnded, Final, Suppressed, Finalized, Ended)
        self.said += [event for event in events if isinstance(event, kinds)]
        assert self.session.decoded_ms <= self.session.received_ms


def by_channel(events: list[Event]) -> dict[int, list[Event]]:
    """Per channel the order is certain; between channels it may depend on the chunks."""
    out: dict[int, list[Event]] = {}
    for event in events:
        out.setdefault(getattr(event, "channel", -1), []).append(event)
    return out


@settings(max_examples=25, deadline=None)
@given(formats, scenes, st.lists(st.integers(0, 5_000), max_size=6), st.booleans())
def test_any_way_of_cutting_the_bytes_gives_the_same_finals(
    audio: AudioFormat, scene: list[tuple[int, int]], cuts: list[int], tiny: bool
) -> None:
    data = spoken(audio, scene)
    whole, cut = Listener(audio), Listener(audio)
    whole.hear(whole.session.receive_audio(data))
    edges = sorted({0, len(data), *(at % (len(data) + 1) for at in cuts)})
    edges = sorted({*edges, *range(min(len(data), 60))}) if tiny else edges
    for start, end in pairwise(edges):
        cut.hear(cut.session.receive_audio(data[start:end]))
    for listener in (whole, cut):
        listener.hear(listener.session.end())
        assert listener.session.phase is Phase.ENDED
        assert isinstance(listener.said[-1], Ended)
        assert listener.session.received_ms == audio.duration_ms(len(data))
    assert by_channel(whole.said) == by_channel(cut.said)


@settings(max_examples=25, deadline=None)
@given(formats, scenes, st.lists(st.integers(0, 40_000), min_size=1, max_size=5))
def test_finalize_answers_up_to_the_last_sample_at_any_moment(
    audio: AudioFormat, scene: list[tuple[int, int]], moments: list[int]
) -> None:
    data = spoken(audio, scene)
    listener = Listener(audio)
    edges = sorted({0, *(at % (len(data) + 1) for at in moments)})
    for index, (start, end) in enumerate(zip(edges, [*edges[1:], len(data)], strict=True)):
        listener.hear(listener.session.receive_audio(data[start:end]))
        listener.hear(listener.session.finalize(str(index)))
        last = listener.said[-1]
        assert isinstance(last, Finalized)
        assert last.id == str(index)
        # One sample at 16 kHz may lie across the edge of a millisecond.
        assert 0 <= listener.session.received_ms - last.through_ms <= 1
        assert listener.session.decoded_ms == last.through_ms
    listener.hear(listener.session.end())
    finals = [event for event in listener.said if isinstance(event, Final | Suppressed)]
    for channel in range(audio.channels):
        mine = [final for final in finals if final.channel == channel]
        assert [final.start_ms for final in mine] == sorted(final.start_ms for final in mine)
        for before, after in pairwise(mine):
            assert before.end_ms <= after.start_ms
