"""The choice of a batch, without anybody who decodes it; ``test_scheduler.py`` has the rest."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
import pytest

from streaming.batching import Entry, Job, beam, choose, hurried, spare_rows
from streaming.decoding import Kind
from streaming.engine.base import BatchKey
from streaming.headroom import Reading
from tests.support.work import Client, request


def job(
    kind: Kind,
    number: int,
    *,
    key: Hashable = 0,
    length: int = 0,
    served: float = 0.0,
    shown: float = 0.0,
    suspect: bool = False,
    file: bool = False,
) -> Job:
    entry = Entry(Client(), served=served, shown=shown, suspect=suspect, background=file)
    return Job(entry, request(kind, number), BatchKey(key, length))


def chosen(*jobs: Job, rows: int = 8, used: float = 0.0, now: float = 100.0) -> list[int]:
    load = Reading(used=used)
    return [each.request.segment for each in choose(jobs, rows=rows, load=load, now=now)]


def test_finals_then_early_finals_then_partials_and_who_waits_longest() -> None:
    jobs = [
        job(Kind.PARTIAL, 1),
        job(Kind.EARLY, 2),
        job(Kind.FINAL, 3, served=5),
        job(Kind.FINAL, 4, served=4),
    ]
    assert chosen(*jobs) == [4, 3, 2]
    assert chosen(*jobs, rows=2) == [4, 3]


def test_the_first_one_fixes_the_key() -> None:
    jobs = [job(Kind.FINAL, 1, key="a"), job(Kind.FINAL, 2, key="b"), job(Kind.FINAL, 3, key="a")]
    assert chosen(*jobs) == [1, 3]


def test_what_lasts_is_not_mixed_with_partials() -> None:
    jobs = [job(Kind.PARTIAL, 1), job(Kind.EARLY, 2), job(Kind.FINAL, 3)]
    assert chosen(*jobs) == [3, 2]
    assert chosen(jobs[0]) == [1]


def test_windows_of_one_length_go_together_and_those_of_files_by_twos() -> None:
    lengths = [6, 6, 4, 8, 3, 7]
    jobs = [job(Kind.PARTIAL, n, length=length) for n, length in enumerate(lengths)]
    assert chosen(*jobs, used=0.5) == [0, 1]
    assert chosen(*jobs, used=0.9) == [0, 1]
    jobs = [job(Kind.FINAL, n, length=length, file=True) for n, length in enumerate(lengths)]
    # Nearest first; from 4 to 7 are three steps: there is no room for 8, and none for 3.
    assert chosen(*jobs) == [0, 1, 5, 2]


def test_second_looks_are_few_at_a_time() -> None:
    again = [job(Kind.FINAL, n) for n in range(4)]
    again = [replace(each, request=replace(each.request, again=True)) for each in again]
    assert chosen(*again) == [0, 1]
    assert chosen(*again, rows=1) == [0]


def test_a_suspect_is_decoded_alone() -> None:
    suspect, others = job(Kind.FINAL, 1, suspect=True), [job(Kind.FINAL, n) for n in (2, 3)]
    assert chosen(suspect, *others) == [1]
    assert chosen(*others, suspect) == [2, 3]


@pytest.mark.parametrize(
    "used, shown, taken",
    [
        (0.79, 99.9, [1, 2, 3]),
        (0.85, 99.9, [1, 2]),
        (0.85, 99.1, [1, 2, 3]),
        (0.95, 99.9, [1]),
        (0.95, 99.1, [1, 3]),
    ],
)
def test_what_gives_way_under_load(used: float, shown: float, taken: list[int]) -> None:
    jobs = [job(Kind.FINAL, 1), job(Kind.EARLY, 2), job(Kind.PARTIAL, 3, shown=shown)]
    assert chosen(*jobs[:2], used=used) + chosen(jobs[2], used=used) == taken


@pytest.mark.parametrize("kind", list(Kind))
def test_who_speaks_gets_no_beam_at_first(kind: Kind) -> None:
    assert beam([job(kind, 1)], Reading()) == 1


def test_what_is_decoded_again_gets_a_beam_unless_finals_wait() -> None:
    again = job(Kind.FINAL, 1)
    again = replace(again, request=replace(again.request, again=True))
    for load, late in ((Reading(1.0, waiting_s=0.2), False), (Reading(1.0, waiting_s=0.3), True)):
        assert hurried(load) == late
        assert beam([again], load) == (1 if late else 5)


def test_who_speaks_is_told_by_source_and_channel() -> None:
    first = job(Kind.FINAL, 1)
    assert first.speaking == ((id(first.entry.source), 0), Kind.FINAL)


def test_files_come_last_and_in_batches_of_their_own() -> None:
    files = [job(Kind.FINAL, number, file=True) for number in (1, 2, 3)]
    assert chosen(*files, job(Kind.PARTIAL, 4), job(Kind.FINAL, 5)) == [5]
    assert chosen(*files, job(Kind.PARTIAL, 4)) == [4]
    assert chosen(*files) == [1, 2, 3]


def test_files_have_the_rows_that_are_spared() -> None:
    files = [job(Kind.FINAL, number, file=True) for number in (1, 2, 3)]
    live = [job(Kind.FINAL, number) for number in (4, 5)]

    def taken(jobs: list[Job], spare: int) -> int:
        return len(choose(jobs, rows=8, load=Reading(), now=0.0, spare_rows=spare))

    assert [taken(files, spare) for spare in (0, 1, 2, 8)] == [0, 1, 2, 3]
    assert taken([*files, *live], 0) == 2


def test_who_speaks_leaves_files_every_other_worker_for_a_moment() -> None:
    def spare(load: Reading, *, workers: int = 2, taken: int = 0) -> int:
        return spare_rows(8, load, workers=workers, taken=taken)

    assert spare(Reading(cost=0.1), taken=1) == 8
    assert spare(Reading(cost=0.1, speaking=1)) == 1
    assert spare(Reading(cost=0.1, speaking=1), taken=1) == 0
    assert spare(Reading(cost=0.1, speaking=1), workers=1) == 1
    assert spare(Reading(cost=0.005, speaking=1), workers=1) == 5
    assert spare(Reading(speaking=1)) == 8


@pytest.mark.parametrize(("every_s", "width"), [(0.0, 5), (1.8, 5), (1.9, 1), (4.0, 1)])
def test_where_partials_are_rare_nothing_is_looked_at_twice_for_doubts_alone(
    every_s: float, width: int
) -> None:
    again = job(Kind.FINAL, 2)
    again = replace(again, request=replace(again.request, again=True))
    load = Reading(partial_every_s=every_s)
    assert hurried(load) == (width == 1)
    assert beam([again], load) == width


def test_where_many_wait_what_is_nearly_as_long_goes_together_finals_and_partials() -> None:
    final, partial, early = Kind.FINAL, Kind.PARTIAL, Kind.EARLY
    wanted = [(final, 6), (partial, 7), (final, 4), (partial, 5), (early, 6)]
    jobs = [job(kind, number, length=length) for number, (kind, length) in enumerate(wanted)]

    def taken(every_s: float, rows: int = 8) -> list[int]:
        found = choose(jobs, rows=rows, load=Reading(partial_every_s=every_s), now=100.0)
        return [each.request.segment for each in found]

    assert taken(1.5) == [0, 4]
    assert taken(1.6) == [0, 4, 1, 3]
    assert taken(1.6, rows=3) == [0, 4, 1]
    crowd = [replace(each, key=BatchKey("other", each.key.length)) for each in jobs[1:]]
    found = choose([jobs[0], *crowd], rows=8, load=Reading(partial_every_s=2.0), now=100.0)
    assert found == [jobs[0]]


@pytest.mark.parametrize("seconds", [1, 25])
def test_files_get_a_beam_while_nobody_speaks(seconds: int) -> None:
    file = job(Kind.FINAL, 1, file=True)
    audio = np.zeros(16_000 * seconds, np.float32)
    file = replace(file, request=replace(file.request, audio=audio))
    assert beam([file], Reading()) == 5
    assert beam([file], Reading(speaking=1)) == 1


def test_segments_of_files_go_together_though_of_unlike_length() -> None:
    files = [job(Kind.FINAL, n, length=length, file=True) for n, length in enumerate((6, 4, 9, 5))]
    assert chosen(*files) == [0, 3, 1]


def test_segments_of_a_file_go_with_those_nearest_in_length_to_the_oldest() -> None:
    lengths = (6, 9, 4, 7, 6, 3, 6)
    files = [job(Kind.FINAL, n, length=length, file=True) for n, length in enumerate(lengths)]
    taken = choose(files, rows=4, load=Reading(), now=10.0)
    assert [each.key.length for each in taken] == [6, 6, 6, 7]
    assert taken[0] is files[0]
