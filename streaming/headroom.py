"""How much room there is for another speaker; time is handed in, in seconds.

Workers that are always busy are not full: partials take whatever time there is, and become rarer
when it is less. What can't wait is what lasts, finals and the early finals they may come from. So
the load is taken from those: what a second of audio costs to decode for good, times the channels
on which somebody speaks. Beside it stand what tells of trouble without any model of it: how long
sessions with a final to decode wait for their turn, and how far apart partials have come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from streaming.decoding import DecodeRequest, Kind

_HORIZON_S = 5.0
_MEMORY_S = 60.0  # of lasting audio: so much of it says what a second costs
_AGAIN = 1.25  # of what lasts, a quarter is decoded a second time: pauses that don't end a segment

Speaker = tuple[int, int]
"""A channel of a source, by their numbers."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The load at one moment.

    ``used`` is the share of the workers' time of the last seconds, ``cost`` the share that one more
    speaker is expected to take for what lasts. ``waiting_s`` is how long finals wait for their
    turn, ``partial_every_s`` the time between partials of one speaker; 0 where there were none.
    """

    used: float = 0.0
    cost: float = 0.0
    speaking: int = 0
    waiting_s: float = 0.0
    partial_every_s: float = 0.0

    @property
    def lasting(self) -> float:
        """The share of the workers' time that is needed for what lasts."""
        return self.cost * self.speaking


class Headroom:
    """What a scheduler's workers have done and what waits for them."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._spells: deque[tuple[float, float]] = deque()
        self._running: dict[int, float] = {}
        self._spare: set[int] = set()
        self._spoke: dict[Speaker, float] = {}
        self._waits_since: dict[Speaker, float] = {}
        self._waits: deque[tuple[float, float]] = deque()
        self._shown: dict[Speaker, float] = {}
        self._gaps: deque[tuple[float, float]] = deque()
        self._decoded: deque[tuple[float, float]] = deque()
        self._decoding_s = 0.0
        self._audio_s = 0.0
        self._first_guess = 0.0
        self._looked = 0.0

    # -- what the workers do ---------------------------------------------------------------------

    def begin(self, worker: int, now: float, *, spare: bool = False) -> None:
        """A worker starts on a batch; ``spare``: of what gives way to everybody else."""
        self._running[worker] = now
        if spare:
            self._spare.add(worker)

    def end(self, worker: int, now: float) -> None:
        """A worker is done with its batch."""
        began = self._running.pop(worker, None)
        if began is not None and worker not in self._spare:
            self._spells.append((began, now))
        self._spare.discard(worker)

    def decoded(self, requests: Sequence[DecodeRequest], seconds: float, *, beam: int = 1) -> None:
        """A batch took so long. Only greedy ones count: the beam gives way before anybody waits.

        Partials that were in it took their share of the time.
        """
        audio_s = sum(each.duration_ms for each in requests if each.kind is not Kind.PARTIAL) / 1000
        if beam > 1 or not audio_s:
            return
        seconds *= audio_s * 1000 / sum(each.duration_ms for each in requests)
        self._decoded.append((seconds, audio_s))
        self._decoding_s += seconds
        self._audio_s += audio_s
        while self._audio_s - self._decoded[0][1] >= _MEMORY_S:
            seconds, audio_s = self._decoded.popleft()
            self._decoding_s -= seconds
            self._audio_s -= audio_s

    def guess(self, seconds: float, audio_s: float) -> None:
        """Decoding so much silence took so long: all there is to go by before anybody speaks.

        Words would take a little longer: better a few too many at first than too few.
        """
        self._first_guess = seconds / audio_s

    def oldest(self) -> float | None:
        """When the longest-running batch began, or None when all are idle."""
        return min(self._running.values(), default=None)

    @property
    def busy(self) -> int:
        """How many workers are decoding now."""
        return len(self._running)

    @property
    def spare(self) -> int:
        """How many of them decode what gives way to everybody else."""
        return len(self._spare)

    # -- what waits for them ---------------------------------------------------------------------

    def look(
        self,
        offered: Iterable[tuple[Speaker, Kind]],
        taken: Collection[tuple[Speaker, Kind]],
        now: float,
    ) -> None:
        """A worker that is free has looked at what could be decoded, and taken some of it.

        A speaker's finals wait from the look that left all of them to the one that took one.
        """
        finals = set()
        for speaker, kind in offered:
            self._spoke[speaker] = now
            if kind is Kind.FINAL:
                finals.add(speaker)
        for speaker, kind in taken:
            if kind is Kind.FINAL:
                self._waits.append((now, now - self._waits_since.pop(speaker, now)))
                finals.discard(speaker)
            elif kind is Kind.PARTIAL:
                before = self._shown.get(speaker)
                if before is not None and now - before < _HORIZON_S:
                    self._gaps.append((now, now - before))
                self._shown[speaker] = now
        self._waits_since = {each: self._waits_since.get(each, now) for each in finals}
        self._looked = now
        self._forget(now)

    def _forget(self, now: float) -> None:
        # While all workers decode nobody looks, which says nothing of who speaks.
        horizon = (self._looked if self.busy == self._workers else now) - _HORIZON_S
        for timed in (self._waits, self._gaps):
            while timed and timed[0][0] < horizon:
                timed.popleft()
        for last in (self._spoke, self._shown):
            for speaker in [each for each, at in last.items() if at < horizon]:
                del last[speaker]

    # -- what follows from it --------------------------------------------------------------------

    def used(self, now: float) -> float:
        """Return the share of the workers' time used in the last five seconds, from 0 to 1.

        Without what gives way: it takes nothing away from another speaker.
        """
        horizon = now - _HORIZON_S
        while self._spells and self._spells[0][1] < horizon:
            self._spells.popleft()
        spent = sum(end - max(begin, horizon) for begin, end in self._spells)
        spent += sum(
            now - max(began, horizon)
            for worker, began in self._running.items()
            if worker not in self._spare
        )
        return min(1.0, spent / (_HORIZON_S * self._workers))

    def read(self, now: float) -> Reading:
        """Return the load as it is."""
        self._forget(now)
        still = [now - since for since in self._waits_since.values()]
        waits = [wait for _, wait in self._waits] + still
        gaps = [gap for _, gap in self._gaps]
        # A few seconds of audio say little of what a second costs; the first guess fills them up.
        guessed_s = max(0.0, _MEMORY_S / 4 - self._audio_s) if self._first_guess else 0.0
        known_s = self._audio_s + guessed_s
        spent = self._decoding_s + guessed_s * self._first_guess
        a_second = spent / known_s if known_s else 0.0
        return Reading(
            used=self.used(now),
            cost=_AGAIN * a_second / self._workers,
            speaking=len(self._spoke),
            waiting_s=sum(waits) / len(waits) if waits else 0.0,
            partial_every_s=sum(gaps) / len(gaps) if gaps else 0.0,
        )
