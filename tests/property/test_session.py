"""A session against arbitrary clients and engines: whatever the order, its promises hold."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from streaming.audio.formats import AudioFormat
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.endpointing import Endpointing
from streaming.engine.fake import count_words
from streaming.events import (
    Ended,
    Event,
    Final,
    Finalized,
    Partial,
    SpeechEnded,
    SpeechStarted,
    Suppressed,
)
from streaming.options import SessionConfig
from streaming.session import Phase, Session
from streaming.vad import FRAME_SAMPLES, Activity, VadConfig
from streaming.window import WindowConfig
from tests.support.effort import effort
from tests.support.voices import FAINT, LOUD, SILENT, LoudnessDetector, frame

MS = 16
Samples = npt.NDArray[np.float32]

_LEAD_SAMPLES = 5_000 * MS
_ANSWERS = ["heard", "heard", "twisted", "empty", "looped", "noise", "failed"]


class ListeningDetector(LoudnessDetector):
    """Remembers which frames were voiced since the last cut."""

    def __init__(self, config: VadConfig | None = None) -> None:
        super().__init__(config)
        self.voiced: list[bool] = []

    def judge(self, frames: Samples) -> list[Activity]:
        activities = super().judge(frames)
        self.voiced += [activity.voiced for activity in activities]
        return activities


def invent(request: DecodeRequest, how: str) -> Hypothesis | None:
    """An engine's answer, of which ``how`` says what is wrong with it."""
    heard = count_words(request)
    match how:
        case "failed":
            return None
        case "twisted":
            words = tuple(
                dataclasses.replace(word, text=word.text.upper() + "x" * (index % 3))
                for index, word in enumerate(heard.words[: len(heard.words) // 2 + 1])
            )
            text = "".join(word.text for word in words).strip()
            return dataclasses.replace(heard, words=words, text=text)
        case "empty":
            return dataclasses.replace(heard, words=(), text="", token_count=0)
        case "looped":
            words = heard.words[:1] * 40
            text = "".join(word.text for word in words).strip()
            return dataclasses.replace(heard, words=words, text=text, looped=True)
        case "noise":
            return dataclasses.replace(heard, average_logprob=-1.5, token_count=9, no_speech=0.9)
    return heard


class SessionMachine(RuleBasedStateMachine):
    """Speaks, finalizes, decodes in any order; checks every event against what it did."""

    @initialize(
        channels=st.integers(1, 3),
        silence_ms=st.sampled_from([100, 300, 700, 2_500]),
        max_segment_ms=st.sampled_from([2_000, 3_000, 8_000]),
        language=st.sampled_from(["en", None]),
        partials=st.sampled_from([True, True, False]),
    )
    def begin(
        self,
        channels: int,
        silence_ms: int,
        max_segment_ms: int,
        language: str | None,
        partials: bool,
    ) -> None:
        self.detectors: list[ListeningDetector] = []
        self.config = SessionConfig(
            audio=AudioFormat(channels=channels),
            language=language,
            partials=partials,
            endpointing=Endpointing(silence_ms, max_segment_ms),
        )
        self.session = Session(
            self.config,
            window=WindowConfig(step_ms=200, first_ms=300, trim_ms=1_500, keep_ms=500),
            detector=self._detector,
        )
        self.channels = channels
        self.sent: list[Samples] = [np.zeros(0, np.float32) for _ in range(channels)]
        self.pending = b""
        self.flight: list[DecodeRequest] = []
        self.piece_start = 0
        self.must_be_heard: list[tuple[int, int, int]] = []
        self.decoded: list[tuple[int, int, int]] = []
        self.outcomes: dict[int, Final | Suppressed] = {}
        self.asked: dict[int, DecodeRequest] = {}
        self.newest: dict[int, Partial] = {}
        self.speaking: dict[int, int | None] = defaultdict(lambda: None)
        self.promised: list[tuple[str | None, int]] = []
        self.through = 0
        self.ended: Ended | None = None
        self.decoded_ms = 0

    def _detector(self, config: VadConfig) -> ListeningDetector:
        self.detectors.append(ListeningDetector(config))
        return self.detectors[-1]

    # -- the client ----------------------------------------------------------------------------

    @precondition(lambda self: self.session.phase is Phase.OPEN)
    @rule(
        runs=st.lists(
            st.tuples(
                st.lists(st.sampled_from([SILENT, FAINT, LOUD, LOUD]), min_size=3, max_size=3),
                st.sampled_from([1, 2, 7, 8, 20, 45, 120]),
                st.sampled_from([0, 0, 0, 1, 77]),
            ),
            min_size=1,
            max_size=4,
        ),
        chunk=st.sampled_from([1_001, 6_400, 64_000]),
        kept_back=st.integers(0, 5),
        prompt=st.booleans(),
    )
    def speak(
        self, runs: list[tuple[list[float], int, int]], chunk: int, kept_back: int, prompt: bool
    ) -> None:
        block = np.concatenate(
            [
                np.stack([frame(a, count * FRAME_SAMPLES + odd) for a in levels[: self.channels]])
                for levels, count, odd in runs
            ],
            axis=1,
        )
        quantized = np.rint(block * 32_767).astype("<i2")
        for channel in range(self.channels):
            heard = quantized[channel].astype(np.float32) / 32_768
            self.sent[channel] = np.concatenate([self.sent[channel], heard])
        data = self.pending + quantized.T.tobytes()
        # A few bytes, parts of a sample maybe, stay in the client's pocket until later.
        kept_back = min(kept_back, len(data))
        self.pending = data[len(data) - kept_back :]
        data = data[: len(data) - kept_back]
        for at in range(0, len(data), chunk):
            self.observe(self.session.receive_audio(data[at : at + chunk]))
            if prompt:
                self._keep_up()

    def _keep_up(self) -> None:
        """Decode what may still change at once, as an engine with time to spare does."""
        for request in [r for r in self.session.work() if r.kind is not Kind.FINAL]:
            self._check_request(request)
            self.session.begin(request)
            self._answer(request, "heard")

    def _hand_over(self) -> None:
        self.observe(self.session.receive_audio(self.pending))
        self.pending = b""

    @precondition(lambda self: self.session.phase is Phase.OPEN)
    @rule(request_id=st.sampled_from([None, "a", "b"]))
    def finalize(self, request_id: str | None) -> None:
        self._hand_over()
        total = len(self.sent[0])
        self.promised.append((request_id, total // MS))
        self._piece_ends(total)
        self.observe(self.session.finalize(request_id))

    @precondition(lambda self: self.session.phase is Phase.OPEN)
    @rule(
        silence_ms=st.sampled_from([200, 600]),
        max_segment_ms=st.sampled_from([2_000, 20_000]),
        language=st.sampled_from([None, "de"]),
    )
    def configure(self, silence_ms: int, max_segment_ms: int, language: str | None) -> None:
        self.session.configure(
            dataclasses.replace(
                self.session.config,
                endpointing=Endpointing(silence_ms, max_segment_ms),
                language=language,
            )
        )

    @precondition(lambda self: self.session.phase is Phase.OPEN and len(self.sent[0]) > 200_000)
    @rule()
    def end(self) -> None:
        self._end()

    @precondition(lambda self: self.session.phase is Phase.OPEN)
    @rule(really=st.integers(0, 9))
    def end_early(self, really: int) -> None:
        """Once in a while, whatever is open or waiting."""
        if not really:
            self._end()

    @precondition(lambda self: self.session.phase is not Phase.OPEN)
    @rule(request_id=st.sampled_from([None, "late"]), silence_ms=st.sampled_from([100, 5_000]))
    def come_too_late(self, request_id: str | None, silence_ms: int) -> None:
        """Nothing that is said after the end changes anything that is still to come."""
        before = self.session.received_ms
        assert self.session.receive_audio(b"\x11" * 64_000) == []
        assert self.session.finalize(request_id) == self.session.end() == []
        self.session.configure(
            dataclasses.replace(self.session.config, endpointing=Endpointing(silence_ms, 2_000))
        )
        assert self.session.received_ms == before

    def _end(self) -> None:
        self._hand_over()
        self._piece_ends(len(self.sent[0]))
        self.observe(self.session.end())

    def _piece_ends(self, position: int) -> None:
        for channel, detector in enumerate(self.detectors):
            for first, last in long_runs(detector.voiced):
                start = self.piece_start + first * FRAME_SAMPLES
                end = self.piece_start + last * FRAME_SAMPLES
                self.must_be_heard.append((channel, start, end))
            detector.voiced = []
        self.piece_start = position

    # -- the engine ----------------------------------------------------------------------------

    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        offered = list(self.session.work())
        for request in offered:
            self._check_request(request)
        if offered:
            request = data.draw(st.sampled_from(offered))
            self.session.begin(request)
            self.flight.append(request)
            again = [(r.segment, r.kind) for r in self.session.work()]
            assert (request.segment, request.kind) not in again

    @precondition(lambda self: self.flight)
    @rule(data=st.data(), how=st.sampled_from(_ANSWERS))
    def answer(self, data: st.DataObject, how: str) -> None:
        index = data.draw(st.integers(0, len(self.flight) - 1))
        self._answer(self.flight.pop(index), how)

    def _answer(self, request: DecodeRequest, how: str) -> None:
        hypothesis = invent(request, how)
        if request.kind is not Kind.PARTIAL and hypothesis is not None:
            self.decoded.append((request.channel, request.start_sample, request.end_sample))
        self.observe(self.session.work_done(request, hypothesis))

    def _check_request(self, request: DecodeRequest) -> None:
        assert request.segment not in self.outcomes
        assert request.end_sample > request.start_sample
        truth = self.sent[request.channel][request.start_sample : request.end_sample]
        np.testing.assert_array_equal(request.audio, truth)
        if request.kind is Kind.FINAL:
            known = self.asked.setdefault(request.segment, request)
            # Asked again it may be for the rest alone, behind the last word, or with a lead.
            earlier = known.start_sample - request.start_sample
            assert earlier <= (_LEAD_SAMPLES if request.again else 0)
            assert known.end_sample == request.end_sample
            assert request.duration_ms <= 20_000

    # -- what it says --------------------------------------------------------------------------

    def observe(self, events: Sequence[Event]) -> None:
        for event in events:
            assert self.ended is None, f"{event} after the end"
            match event:
                case Partial():
                    self._partial(event)
                case Final() | Suppressed():
                    self._outcome(event)
                case SpeechStarted(channel, at_ms):
                    assert self.speaking[channel] is None
                    self.speaking[channel] = at_ms
                case SpeechEnded(channel, at_ms):
                    started = self.speaking[channel]
                    assert started is not None
                    assert at_ms >= started
                    self.speaking[channel] = None
                case Finalized(request_id, through_ms):
                    assert (request_id, through_ms) == self.promised.pop(0)
                    assert self.session.decoded_ms >= through_ms
                    self.through = through_ms
                case Ended():
                    self.ended = event

    def _partial(self, partial: Partial) -> None:
        assert partial.segment not in self.outcomes
        assert partial.text == partial.committed + partial.tentative
        assert partial.start_ms < partial.end_ms <= self.session.received_ms
        before = self.newest.get(partial.segment)
        if before is not None:
            assert partial.revision > before.revision
            assert partial.committed.startswith(before.committed)
            assert (partial.channel, partial.start_ms) == (before.channel, before.start_ms)
        self.newest[partial.segment] = partial

    def _outcome(self, outcome: Final | Suppressed) -> None:
        assert outcome.segment not in self.outcomes
        earlier = [o for o in self.outcomes.values() if o.channel == outcome.channel]
        if earlier:
            assert outcome.segment > max(o.segment for o in earlier)
            assert outcome.start_ms >= max(o.end_ms for o in earlier)
        assert outcome.start_ms >= self.through, "a final of what was said to be finalized"
        self.outcomes[outcome.segment] = outcome
        if isinstance(outcome, Final):
            assert outcome.text
            assert outcome.words is not None
            assert outcome.word_count == len(outcome.words)
            for word in outcome.words:
                assert word.start_ms is not None
                assert word.end_ms is not None
                assert outcome.start_ms <= word.start_ms <= word.end_ms <= outcome.end_ms

    @invariant()
    def positions_only_grow(self) -> None:
        decoded_ms = self.session.decoded_ms
        assert self.decoded_ms <= decoded_ms <= self.session.received_ms
        self.decoded_ms = decoded_ms

    @invariant()
    def nothing_is_settled_while_a_final_is_owed(self) -> None:
        if self.session.settled:
            assert not [r for r in self.flight if r.kind is Kind.FINAL]
            assert not [r for r in self.session.work() if r.kind is Kind.FINAL]
            assert self.session.backlog_ms == 0

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        if self.session.phase is Phase.OPEN:
            self._end()
        for _ in range(1_000):
            if self.ended:
                break
            for request in self.session.work():
                self._check_request(request)
                self.session.begin(request)
                self.flight.append(request)
            assert self.flight, "it waits for something that it does not ask for"
            self._answer(self.flight.pop(), "heard")
        assert self.ended is not None
        assert not self.promised
        assert not any(at is not None for at in self.speaking.values())
        assert sorted(self.outcomes) == list(range(len(self.outcomes)))
        assert set(self.newest) <= set(self.outcomes)
        assert self.ended == Ended(
            audio_ms=self.session.received_ms,
            segments=len(self.outcomes),
            words=sum(o.word_count for o in self.outcomes.values() if isinstance(o, Final)),
        )
        assert self.session.received_ms == len(self.sent[0]) // MS
        assert list(self.session.work()) == []
        assert self.session.end() == self.session.finalize("late") == []
        self._everything_voiced_was_decoded()

    def _everything_voiced_was_decoded(self) -> None:
        heard = [np.zeros(len(sent), bool) for sent in self.sent]
        for channel, start, end in self.decoded:
            heard[channel][start:end] = True
        for channel, start, end in self.must_be_heard:
            assert heard[channel][start:end].all(), f"lost: {channel} {start} {end}"


def long_runs(voiced: Sequence[bool]) -> list[tuple[int, int]]:
    """Runs of 160 ms of voice and more: what is certainly a segment."""
    found, begun = [], None
    for index, flag in enumerate([*voiced, False]):
        if flag and begun is None:
            begun = index
        elif not flag and begun is not None:
            if index - begun >= 8:
                found.append((begun, index))
            begun = None
    return found


SessionMachine.TestCase.settings = settings(
    max_examples=100 * effort(), stateful_step_count=30, deadline=None
)
TestSessionMachine = SessionMachine.TestCase
