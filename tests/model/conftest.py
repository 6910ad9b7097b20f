"""All real speech of these tests, played once into one real server with the embedded model.

Recordings are played in real time, eight sessions at once; each test looks at its share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from load.manifest import Recording, Selection
from load.programme import Programme, single
from load.run import Plan, execute
from load.score import StreamScore
from load.wire import WireFormat
from streaming.client import Options
from tests.support.recordings import embedded_model, recordings
from tests.support.server import ServerProcess, running_server

SESSIONS_AT_ONCE = 8
FORMATS = (
    WireFormat("mulaw", 8000),
    WireFormat("alaw", 8000),
    WireFormat("pcm_f32le", 48000),
    WireFormat("pcm_s16le", 44100),
)
LANGUAGE_SETS = {
    language: "fleurs_multi" if language == "zh" else "picovoice_multi"
    for language in ("de", "fr", "es", "pt", "it", "zh", "ja", "ko")
}


@dataclass(frozen=True, slots=True)
class Played:
    """A session's scores and under which name the tests find it."""

    share: str
    score: StreamScore


Share = Callable[[str], list[StreamScore]]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A running server, ready."""
    model = embedded_model()
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, "--model", model, "--device", "cpu") as running:
        yield running


@pytest.fixture(scope="session")
def played(server: ServerProcess) -> list[Played]:
    """Everything, played and scored."""
    lots = [(share, programme) for share, programme in _lots(recordings())]
    # The longest first, so that no long one is left over at the end.
    lots.sort(key=lambda lot: -lot[1].duration_s)
    plan = Plan(
        url=server.url,
        programmes=tuple(programme for _, programme in lots),
        options=Options(),
        at_once=SESSIONS_AT_ONCE,
        drain_s=120.0,
        server_pid=server.process.pid,
    )
    scores = execute(plan).scores
    return [Played(share, score) for (share, _), score in zip(lots, scores, strict=True)]


@pytest.fixture
def share(played: list[Played]) -> Share:
    """The scores of one share."""

    def find(name: str) -> list[StreamScore]:
        found = [one.score for one in played if one.share == name]
        assert found, f"nothing was played as {name!r}"
        return found

    return find


def _lots(everything: Sequence[Recording]) -> Iterator[tuple[str, Programme]]:
    wire = WireFormat()
    for recording in everything:
        if recording.language == "en":
            yield "english", single(recording, wire)
        if recording.set == "librispeech_stereo":
            yield "stereo", single(recording, wire)
        if recording.set == "nonspeech":
            # As a user would have it who named the language; and with an end to the last sound.
            yield "nonspeech", _as_english(single(recording, wire, tail_s=1.0))
        if LANGUAGE_SETS.get(recording.language or "") == recording.set:
            yield f"language-{recording.language}", single(recording, wire)
    read = Selection(sets=frozenset({"librispeech_misc"})).choose(everything)
    short = sorted(read, key=lambda recording: recording.duration_s)[2:7]
    for format in FORMATS:
        for recording in short:
            yield f"{format.encoding}-{format.sample_rate}", single(recording, format)


def _as_english(programme: Programme) -> Programme:
    return Programme(
        programme.name, programme.format, programme.samples, programme.utterances, "en"
    )
