"""From a scenario to the plan of a run: what its streams play, at what pace, asking for what."""

from __future__ import annotations

from pathlib import Path

from load.layouts import in_turns, push_to_talk
from load.manifest import Recording, Selection, read_manifest
from load.option import ScenarioError
from load.programme import Programme, continuous, single
from load.run import Plan
from load.scenario import Scenario
from load.sections import Layout, Sources
from load.wire import WireFormat
from streaming.client.options import Options


def choose(sources: Sources) -> list[Recording]:
    """The recordings that a scenario wants."""
    if sources.manifest is None:
        raise ScenarioError("sources.manifest: none given (--manifest FILE)")
    selection = Selection(
        sets=frozenset(sources.sets),
        languages=frozenset(sources.languages),
        kinds=frozenset(sources.kinds),
        without_sets=frozenset(sources.without_sets),
        timed_only=sources.timed,
        longest_s=sources.longest_s,
    )
    return selection.choose(read_manifest(Path(sources.manifest)))


def lay_out(recordings: list[Recording], layout: Layout) -> list[Programme]:
    """A programme for each stream, or for each recording where each has its own session."""
    format = WireFormat(layout.encoding, layout.sample_rate, layout.channels)  # type: ignore[arg-type]
    streams, seconds, seed = layout.streams, layout.seconds, layout.seed
    if layout.mode == "files":
        return [
            single(recording, format, tail_s=layout.tail_s, dbfs=layout.level_dbfs)
            for recording in recordings
        ]
    if layout.mode == "push_to_talk":
        return push_to_talk(
            recordings,
            format,
            streams=streams,
            seconds=seconds,
            pause_s=layout.pause_s,
            seed=seed,
            dbfs=layout.level_dbfs,
        )
    lay = in_turns if layout.mode == "turns" else continuous
    return lay(
        recordings,
        format,
        streams=streams,
        seconds=seconds,
        gap_s=layout.gap_s,
        seed=seed,
        dbfs=layout.level_dbfs,
    )


def make_plan(
    scenario: Scenario,
    url: str,
    *,
    server_pid: int | None = None,
    programmes: list[Programme] | None = None,
) -> Plan:
    """The plan of one run; ``programmes`` instead of the scenario's own where given."""
    layout, wishes, pace = scenario.layout, scenario.session, scenario.pace
    if programmes is None:
        programmes = lay_out(choose(scenario.sources), layout)
    return Plan(
        url=url,
        programmes=tuple(programmes),
        options=Options(
            partials=None if wishes.partials else False,
            words=None if wishes.words else False,
            prompt=wishes.prompt,
            endpointing=wishes.preset,  # type: ignore[arg-type]  # one of its choices
            silence_ms=wishes.silence_ms,
            sentence_silence_ms=wishes.sentence_silence_ms,
            max_segment_ms=wishes.max_segment_ms,
        ),
        at_once=layout.streams,
        chunk_ms=pace.chunk_ms,
        speed=pace.speed,
        phase_s=pace.phase_s,
        seed=layout.seed,
        drain_s=pace.drain_s,
        server_pid=server_pid,
        language=wishes.language,
        storm=scenario.storm,
        slow_readers=scenario.slow_readers,
    )
