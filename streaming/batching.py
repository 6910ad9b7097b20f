"""Which requests are decoded next, and together: a choice among what all sessions offer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import BatchKey
from streaming.errors import WirescribeError
from streaming.headroom import Reading, Speaker

# What is followed in second looks and in files: at first, beside somebody who waits, no words came
# out right by it that greedy decoding had wrong (docs/adr/0033-greedy-at-first.md).
_BEAM = 5
# What is decoded again gets a beam, and what is only uncertain is decoded again, unless finals wait
# for their turn as long as this on average.
_LATE_S = 0.25
# Where partials of one speaker come more rarely than so, words wait for what second looks take: it
# would be a tenth of all time.
_RARE_S = 1.8
# Where they come more rarely than so, batches are filled with what is nearly as long, finals and
# partials together: a step of the decoder takes little longer for more rows.
_CROWDED_S = 1.5
_CROWDED_APART = 1
# Long windows with a beam take memory and time: never many at once.
_AGAIN_ROWS = 2
# Rows of files ride along in windows longer than their own, up to twice as long.
_APART = 3
# Share of the workers' time used, below which pauses get an early final.
_EARLY_BELOW = 0.9
# Above this share partials of one session come no more often than so.
_STRETCH_ABOVE = 0.8
_STRETCHED_S = 0.8
# While somebody speaks, a batch of files takes about so long: a live request may wait for it.
_AWHILE_S = 0.5
_LONGEST_S = 20.0


class Source(Protocol):
    """Whatever wants audio decoded: a session with its transport around it."""

    def work(self) -> Iterable[DecodeRequest]:
        """Yield what could be decoded now; asked again whenever a worker is free."""
        ...

    def begin(self, request: DecodeRequest) -> None:
        """Note that a request has been taken."""
        ...

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        """Take the answer, or None where there is none: a final is to be offered again."""
        ...

    def work_failed(self, error: WirescribeError) -> None:
        """Hear that a final can't be decoded, after all attempts."""
        ...


@dataclass(slots=True)
class Entry:
    """A source's place in the queue: served longest ago goes first.

    One whose request was in a batch that never returned is ``suspect``: decoded alone until an
    answer of its own has come. What is in the ``background``, a file, has the time that nobody who
    speaks needs.
    """

    source: Source
    served: float = 0.0
    shown: float = 0.0  # when its last partial was taken
    suspect: bool = False
    background: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One request, whose it is, and what it can be decoded together with."""

    entry: Entry
    request: DecodeRequest
    key: BatchKey

    @property
    def speaking(self) -> tuple[Speaker, Kind]:
        """Who wants what decoded."""
        return (id(self.entry.source), self.request.channel), self.request.kind


def choose(
    jobs: Iterable[Job], *, rows: int, load: Reading, now: float, spare_rows: int | None = None
) -> list[Job]:
    """Choose what is decoded next, ``rows`` requests at most that are alike.

    Of files ``spare_rows`` at most, when there is nothing else to decode. ``load.used`` is the
    share of the workers' time that is spent; ``now`` is in seconds.
    """
    ranked = sorted(
        _affordable(jobs, load.used, now), key=lambda job: (_rank(job), job.entry.served)
    )
    chosen: list[Job] = []
    crowded = load.partial_every_s > _CROWDED_S
    if ranked and ranked[0].entry.background:
        rows = rows if spare_rows is None else min(rows, spare_rows)
        # The oldest leads; those nearest to it in length go with it: the least of them is padding.
        leader = ranked[0].key.length
        ranked[1:] = sorted(ranked[1:], key=lambda job: abs(job.key.length - leader))
    for job in ranked[: None if rows else 0]:
        if chosen and (job.entry.suspect or not _rides(job, chosen, crowded)):
            continue
        chosen.append(job)
        if len(chosen) >= (min(rows, _AGAIN_ROWS) if job.request.again else rows):
            break
        if job.entry.suspect:
            break
    return chosen


def _rides(job: Job, chosen: Sequence[Job], crowded: bool) -> bool:
    """Whether a request goes with those chosen."""
    leader = chosen[0]
    if job.entry.background != leader.entry.background:
        return False  # who speaks would wait for the file's segment, too
    if job.key.alike != leader.key.alike:
        return False
    if _lasts(job.request) != _lasts(leader.request) and not crowded:
        return False  # what lasts is not mixed with partials: it may get a beam
    if not leader.entry.background:  # who speaks would wait for the longest
        apart = _CROWDED_APART if crowded else 0
        return abs(job.key.length - leader.key.length) <= apart
    # What counts for files is how much is done, not when each of it is.
    lengths = [job.key.length, *(each.key.length for each in chosen)]
    return max(lengths) - min(lengths) <= _APART


def _lasts(request: DecodeRequest) -> bool:
    return request.kind is not Kind.PARTIAL


def spare_rows(rows: int, load: Reading, *, workers: int, taken: int) -> int:
    """How many requests of files may be decoded together now; 0: none.

    As many as fit, while nobody speaks. Else every other worker takes no more of them than are
    soon done; ``taken`` is how many decode files already.
    """
    if not load.speaking:
        return rows
    if taken >= max(1, workers // 2):
        return 0
    each_s = load.cost * workers * _LONGEST_S
    return min(rows, max(1, int(_AWHILE_S / each_s))) if each_s else rows


def beam(jobs: Sequence[Job], load: Reading) -> int:
    """How many alternatives to follow: what is decoded again deserves them, while there is time.

    Figures: docs/adr/0019-second-looks.md, docs/adr/0033-greedy-at-first.md.
    """
    if jobs[0].entry.background:
        return 1 if load.speaking else _BEAM
    return _BEAM if jobs[0].request.again and not hurried(load) else 1


def hurried(load: Reading) -> bool:
    """Whether there is no time for a second look at what is uncertain: others wait already."""
    return load.waiting_s > _LATE_S or load.partial_every_s > _RARE_S


def _affordable(jobs: Iterable[Job], used: float, now: float) -> Iterable[Job]:
    """Leave out what there is no time for.

    Early finals, when the workers are nearly always busy. Partials of sessions that had one
    just now, a little before that: a worker is then free when a final comes.
    """
    if used < _STRETCH_ABOVE:
        return jobs
    return [
        job
        for job in jobs
        if job.request.kind is Kind.FINAL
        or (job.request.waited_for and now - job.entry.shown >= _STRETCHED_S)
        or (not job.request.waited_for and used < _EARLY_BELOW)
    ]


def _rank(job: Job) -> int:
    """What is decoded first: finals, finals to come, and what is waited for; then files.

    An early final takes no more time than the final that it replaces, and is in time for it.
    """
    if job.entry.background:
        return 3
    if job.request.kind is Kind.FINAL:
        return 0
    return 2 if job.request.waited_for else 1
