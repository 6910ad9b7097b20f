"""Any sequence of messages keeps the protocol's rules, and loses nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.exchange import Line, Replay
from tests.protocol.schema import Transcript

lengths = st.sampled_from([0, 20, 130, 400, 700, 1_300])
sounds = st.fixed_dictionaries({"speech_ms": lengths, "silence_ms": lengths})


def message(kind: str, **fields: Any) -> st.SearchStrategy[Line]:
    return st.fixed_dictionaries(
        {"client": st.fixed_dictionaries({"type": st.just(kind), **fields})}
    )


audio = st.fixed_dictionaries({"client_audio": sounds})
endpointing = st.fixed_dictionaries(
    {
        "silence_ms": st.sampled_from([100, 300, 700]),
        "max_segment_ms": st.sampled_from([2_000, 20_000]),
    }
)
steps = st.lists(
    st.one_of(
        audio,
        audio,
        message("finalize", id=st.sampled_from(["a", "b", 3])),
        message("configure", endpointing=endpointing, language=st.sampled_from(["en", "auto"])),
        message("keepalive"),
    ),
    max_size=12,
)
openings = st.sampled_from(["", "language=en", "partials=false&endpointing.silence_ms=300"])
endings = st.sampled_from(
    [{"client": {"type": "end"}}, {"client_text": "?"}, {"client": {"type": "start"}}]
)


@settings(max_examples=60, deadline=None)
@given(opening=openings, steps=steps, ending=endings)
def test_rules_hold_whatever_is_sent(opening: str, steps: list[Line], ending: Line) -> None:
    lines = [{"query": opening}, *steps, ending]
    played = Replay().play(lines)
    transcript = Transcript()
    for line in played:
        if "server" in line:
            transcript.add(line["server"])
    if transcript.events[-1]["type"] == "started":
        return  # a first `start` is no ending: nothing was said
    assert "closed" in played[-1]
    asked = [line["client"]["id"] for line in steps if _is_finalize(line)]
    answered = [event["id"] for event in transcript.of("finalized") if "id" in event]
    assert answered == [str(one) for one in asked]
    # Nothing is decoded twice, and nothing that was decoded is out of bounds.
    settled = [e for e in transcript.events if "segment" in e and e["type"] != "partial"]
    spans = [(event["start_ms"], event["end_ms"]) for event in settled]
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    sent = sum(sum(line["client_audio"].values()) for line in steps if "client_audio" in line)
    assert all(end <= sent for _, end in spans)
    if transcript.events[-1]["type"] == "ended":
        assert transcript.events[-1]["audio_ms"] == sent
    elif transcript.of("finalized"):
        assert transcript.of("finalized")[-1]["through_ms"] == sent


def _is_finalize(line: Line) -> bool:
    return bool(line.get("client", {}).get("type") == "finalize")
