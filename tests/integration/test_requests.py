"""``finalize``, ``configure``, ``keepalive`` and ``end`` at every moment there is."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.integration.harness import Running, bare, client, serves_on
from tests.protocol.sounds import encoded, interleaved, silence, speech, spoken


async def test_finalize_before_any_audio(server: Running) -> None:
    async with client(server.url) as it:
        await it.say("finalize", id="first")
        assert bare(await it.until("finalized")) == {
            "type": "finalized",
            "id": "first",
            "through_ms": 0,
        }
        await it.send(spoken(800))
        assert (await it.finish()).text() == "w0 w1"


async def test_finalize_in_the_middle_of_a_word(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(1_000))
        await it.say("finalize", id="a")
        final = await it.until("final")
        assert (final["reason"], final["end_ms"], final["text"]) == ("finalize", 1_000, "w0 w1")
        assert (await it.until("finalized"))["through_ms"] == 1_000
        await it.send(spoken(1_000))
        transcript = await it.finish()
    assert [final["segment"] for final in transcript.finals] == [0, 1]
    assert transcript.finals[1]["start_ms"] == 1_000


async def test_finalize_twice_in_a_row(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(1_000))
        await it.say("finalize", id="a")
        await it.say("finalize", id="b")
        transcript = await it.finish()
    assert [(f["id"], f["through_ms"]) for f in transcript.of("finalized")] == [
        ("a", 1_000),
        ("b", 1_000),
    ]
    assert len(transcript.finals) == 1


async def test_finalize_in_silence(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(800, then_silent_ms=2_000))
        await it.until("final")
        await it.say("finalize", id=12)
        assert bare(await it.until("finalized")) == {
            "type": "finalized",
            "id": "12",
            "through_ms": 2_800,
        }
        transcript = await it.finish()
    assert len(transcript.finals) == 1


async def test_finalize_without_an_id(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(400))
        await it.say("finalize")
        assert bare(await it.until("finalized")) == {"type": "finalized", "through_ms": 400}
        await it.finish()


async def test_finalize_with_two_channels(server: Running) -> None:
    async with client(server.url + "?channels=2&language=en") as it:
        await it.send(encoded(interleaved(speech(1_200), silence(1_200))))
        await it.say("finalize", id="a")
        assert (await it.until("finalized"))["through_ms"] == 1_200
        assert [final["channel"] for final in it.transcript.finals] == [0]
        await it.send(encoded(interleaved(silence(1_200), speech(1_200))))
        await it.say("finalize", id="b")
        assert (await it.until("finalized"))["through_ms"] == 2_400
        assert [final["channel"] for final in it.transcript.finals] == [0, 1]
        await it.send(encoded(interleaved(speech(800), speech(800))))
        transcript = await it.finish()
    assert len(transcript.finals) == 4


@pytest.mark.parametrize("step_ms", [20, 90, 210])
async def test_finalize_after_every_little_while_loses_nothing(
    server: Running, step_ms: int
) -> None:
    audio = spoken(1_200, then_silent_ms=800) + spoken(400)
    async with client(server.url + "?language=en") as it:
        asked = 0
        for at in range(0, len(audio), step_ms * 32):
            await it.send(audio[at : at + step_ms * 32])
            await it.say("finalize", id=asked)
            asked += 1
        transcript = await it.finish()
    through = [event["through_ms"] for event in transcript.of("finalized")]
    assert through == [min(2_400, step_ms * (n + 1)) for n in range(asked)]
    settled = transcript.finals + transcript.of("warning")  # too short for a word: suppressed
    spans = sorted((event["start_ms"], event["end_ms"]) for event in settled)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


async def test_a_promise_is_kept_after_its_finals(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        for n in range(4):
            await it.send(spoken(900, then_silent_ms=800))
            await it.say("finalize", id=n)
        transcript = await it.finish()
    order = [e for e in transcript.events if e["type"] in ("final", "finalized")]
    assert [e["type"] for e in order] == ["final", "finalized"] * 4
    for final, finalized in zip(order[::2], order[1::2], strict=True):
        assert final["end_ms"] <= finalized["through_ms"]


@pytest.mark.parametrize("opening", ["", "?language=en"])
async def test_end_at_once(server: Running, opening: str) -> None:
    async with client(server.url + opening) as it:
        transcript = await it.finish()
    ended = {"type": "ended", "audio_ms": 0, "segments": 0, "words": 0}
    assert bare(transcript.events[-1]) == ended


async def test_configure_counts_from_the_next_segment_on(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.send(spoken(1_000))
        await it.until("speech_started")
        await it.say("configure", language="de", prompt="Guten Tag", hotwords=["Anna"])
        await it.send(spoken(400, then_silent_ms=800))
        assert (await it.until("final"))["language"] == "en"
        await it.send(spoken(1_000))
        transcript = await it.finish()
    assert [final["language"] for final in transcript.finals] == ["en", "de"]


async def test_configure_before_anything_opens_a_session(server: Running) -> None:
    async with client(server.url) as it:
        await it.say("configure", language="fr", unknown="ignored")
        assert (await it.next())["type"] == "started"
        await it.send(spoken(800))
        transcript = await it.finish()
    assert [final["language"] for final in transcript.finals] == ["fr"]


async def test_configure_changes_the_endpointing_of_the_next_segment(server: Running) -> None:
    async with client(server.url + "?language=en") as it:
        await it.say("configure", endpointing={"silence_ms": 2_000})
        await it.send(spoken(800))
        await it.say("configure", endpointing={"silence_ms": 200})
        await it.send(spoken(800, then_silent_ms=1_500))  # too short for what it began with
        await it.send(spoken(800, then_silent_ms=2_200))
        await it.send(spoken(800, then_silent_ms=600))
        transcript = await it.finish()
    assert [final["reason"] for final in transcript.finals] == ["silence", "silence"]
    assert transcript.finals[0]["start_ms"] == 0
    assert transcript.finals[1]["start_ms"] > 5_000


async def test_keepalives_change_nothing(server: Running) -> None:
    async with client(server.url) as it:
        await it.say("keepalive")
        await it.say("start", language="en")
        for at in range(0, 25_600, 3_200):
            await it.say("keepalive")
            await it.send(spoken(800)[at : at + 3_200])
        assert (await it.finish()).text() == "w0 w1"
    await serves_on(server)


async def test_unknown_fields_are_ignored_everywhere(server: Running) -> None:
    async with client(server.url) as it:
        await it.say("start", language="en", x=1, audio={"y": 2}, endpointing={"z": None})
        await it.say("keepalive", x=1)
        await it.say("configure", x=1, endpointing={"y": 1})
        await it.say("finalize", id="a", x=[1])
        await it.say("end", x={})
        assert await it.rest() == 1000
