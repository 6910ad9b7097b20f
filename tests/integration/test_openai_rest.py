"""OpenAI's audio routes over a real socket, asked by OpenAI's own, unmodified client."""

from __future__ import annotations

import asyncio
import io
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest

from streaming.auth.keys import digest_of, new_key
from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from tests.integration.harness import WAIT_S, Running, serving
from tests.protocol.sounds import silence, speech

pytestmark = pytest.mark.timeout(90)

RATE = 16_000


def wav(*seconds: float) -> bytes:
    """Stretches of speech with a second of silence behind each."""
    sound = np.concatenate(
        [part for each in seconds for part in (speech(int(each * 1000)), silence(1_000))]
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32_767).astype("<i2").tobytes())
    return out.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serving() as running:
        yield running


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with connect(server) as made:
        yield made


def connect(server: Running, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.http}/v1", api_key=key, max_retries=0, timeout=WAIT_S)


def test_a_recording_comes_back_as_text(client: openai.OpenAI) -> None:
    said = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(2, 3)))
    assert [word[0] for word in said.text.split()].count("w") == len(said.text.split()) > 8
    assert said.usage is not None
    assert said.usage.type == "duration"
    assert said.usage.seconds == 7


def test_verbose_json_has_segments_words_and_what_it_is_spoken_in(client: openai.OpenAI) -> None:
    said = client.audio.transcriptions.create(
        model="gpt-4o-transcribe",
        file=("a.wav", wav(2, 3)),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        language="de",
        temperature=0,
        prompt="Names",
    )
    assert said.language == "german"
    assert said.duration == 7.0
    assert said.segments is not None
    assert said.words is not None
    assert [segment.id for segment in said.segments] == [0, 1]
    assert said.segments[0].end <= 3.0 <= said.segments[1].start + 0.5
    assert [word.word for word in said.words] == said.text.split()
    times = [word.start for word in said.words]
    assert times == sorted(times)


def test_segments_alone_are_what_comes_unasked(client: openai.OpenAI) -> None:
    said = client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", wav(2)), response_format="verbose_json"
    )
    assert said.segments
    assert said.words is None


def test_captions_and_plain_text(client: openai.OpenAI) -> None:
    def asked(form: str) -> str:
        answer = client.audio.transcriptions.create(
            model="whisper-1",
            file=("a.wav", wav(2)),
            response_format=form,  # type: ignore[call-overload]
        )
        return str(answer)

    assert asked("vtt").startswith("WEBVTT\n\n00:00:00.")
    assert asked("srt").startswith("1\n00:00:00,")
    assert asked("text").startswith("w0 w1 ")


def test_a_translation(client: openai.OpenAI) -> None:
    with pytest.warns(DeprecationWarning):  # of the client's; the route is what it was
        said = client.audio.translations.create(
            model="whisper-1", file=("a.wav", wav(2)), response_format="verbose_json"
        )
    assert said.language == "english"
    assert said.segments


def test_text_comes_as_it_is_heard(client: openai.OpenAI) -> None:
    for _ in range(2):  # the second time from what was heard before
        events = list(
            client.audio.transcriptions.create(
                model="whisper-1", file=("b.wav", wav(1, 2, 3)), stream=True
            )
        )
        deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
        last = events[-1]
        assert last.type == "transcript.text.done"
        assert len(deltas) == 3
        assert "".join(deltas) == last.text


def test_how_far_it_has_come_is_told_to_who_asks(server: Running) -> None:
    """OpenAI's client passes on events that it doesn't know; nobody gets them unasked."""
    url, sound = f"{server.http}/v1/audio/transcriptions", wav(1, 2, 1)
    fields = {"model": "whisper-1", "stream": "true"}
    plain = httpx.post(url, data=fields, files={"file": sound})
    assert "progress" not in plain.text
    assert "segment" not in plain.text
    with connect(server) as client:
        events = list(
            client.audio.transcriptions.create(
                model="whisper-1",
                file=("b.wav", sound),
                stream=True,
                language="fr",
                extra_body={"progress": "true"},
            )
        )
    told = [event for event in events if str(event.type) == "transcript.progress"]
    assert told[0].status == "queued"  # type: ignore[union-attr]
    assert events[-1].type == "transcript.text.done"
    pieces = [event.model_dump() for event in events if str(event.type) == "transcript.segment"]
    assert len(pieces) == sum(str(event.type) == "transcript.text.delta" for event in events)
    assert " ".join(piece["text"] for piece in pieces) == events[-1].text
    times = [moment for piece in pieces for moment in (piece["start_ms"], piece["end_ms"])]
    assert times == sorted(times)
    for piece in pieces:
        assert piece["language"] == "fr"
        assert " ".join(word["text"].strip() for word in piece["words"]) == piece["text"]
        assert piece["start_ms"] <= piece["words"][0]["start_ms"] <= piece["end_ms"]
    asked = httpx.post(url, data={**fields, "progress": "1"}, files={"file": b"no sound"})
    assert asked.status_code == 200
    assert '"code":"bad_media"' in asked.text
    alone = httpx.post(url, data={"model": "whisper-1", "progress": "1"}, files={"file": sound})
    assert alone.json()["error"]["param"] == "progress"


def test_what_was_heard_before_is_not_decoded_again(server: Running) -> None:
    sound, url = wav(1.5), f"{server.http}/v1/audio/transcriptions"

    def post(**fields: str) -> httpx.Response:
        return httpx.post(url, data={"model": "whisper-1", **fields}, files={"file": sound})

    first, again, other = post(), post(response_format="text"), post(language="fr")
    assert [each.headers["x-cache"] for each in (first, again, other)] == ["miss", "hit", "miss"]
    assert again.text == first.json()["text"] + "\n"


def test_hints_of_newer_models() -> None:
    """As LiveKit's plug-in sends them, too."""
    engine = FakeEngine()
    with serving(engine) as server, connect(server) as client:
        client.audio.transcriptions.create(
            model="gpt-transcribe",
            file=("a.wav", wav(1.1)),
            keywords=["Erfurt", "Gera"],
            languages=["de", "en"],
        )
    (asked,) = [row for batch in engine.batches for row in batch if row.hotwords]
    assert asked.hotwords == ("Erfurt", "Gera")
    assert asked.language.allowed == ("de", "en")


def test_models(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[1:] == [
        "whisper-1",
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-transcribe",
    ]
    assert client.models.retrieve(names[0]).owned_by == "wirescribe"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-9")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"language": "klingon"}, "language"),
        ({"temperature": 2}, "temperature"),
        ({"response_format": "docx"}, "response_format"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities[]"),
        ({"response_format": "srt", "stream": True}, "stream"),
        ({"prompt": "x" * 3_000}, "prompt"),
        ({"known_speaker_names": ["Anna"]}, "known_speaker_names[]"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(
    client: openai.OpenAI, fields: dict[str, object], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(
            model="whisper-1",
            file=("a.wav", b"RIFF"),
            **fields,  # type: ignore[call-overload]
        )
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.audio.transcriptions.create(model="nova-3", file=("a.wav", wav(1)))
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("data", [b"", b"no sound at all", wav(1)[:30], bytes(5_000)])
def test_what_is_no_sound_is_refused(client: openai.OpenAI, data: bytes) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", data))
    assert caught.value.param == "file"


def test_bounds_in_bytes_and_in_seconds() -> None:
    bounds = {"max_upload_bytes": 200_000, "max_audio_s": 2}
    with serving(files=bounds) as server, connect(server) as client:
        for seconds, code in ((8, "message_too_big"), (3, "session_too_long")):
            with pytest.raises(openai.APIStatusError) as caught:
                client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(seconds)))
            assert (caught.value.status_code, caught.value.code) == (413, code)


def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    with (
        serving(files={"spool_dir": tmp_path / "gone"}) as server,
        connect(server) as client,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(1)))
    assert (caught.value.status_code, caught.value.code) == (507, "storage_full")


def test_keys_are_asked_for() -> None:
    key = new_key()
    with serving(auth={"keys": [f"anna:{digest_of(key)}"]}) as server:
        with connect(server, "wrong") as client, pytest.raises(openai.AuthenticationError) as no:
            client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(1)))
        assert no.value.code == "invalid_api_key"
        with connect(server, "wrong") as client, pytest.raises(openai.AuthenticationError):
            client.models.list()
        with connect(server, key) as client:
            assert client.audio.transcriptions.create(
                model="whisper-1", file=("a.wav", wav(1))
            ).text


def test_who_leaves_is_not_worked_for() -> None:
    gate = threading.Event()

    def slow(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            gate.wait(WAIT_S)
        return count_words(request)

    with serving(FakeEngine(slow, max_batch=1)) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{server.http}/v1/audio/transcriptions",
                data={"model": "whisper-1"},
                files={"file": wav(*[1] * 20)},
                timeout=2,
            )
        metrics = server.service.metrics
        pause = threading.Event()
        for _ in range(400):
            if metrics.value("files_total", transport="openai_rest", outcome="lost"):
                break
            pause.wait(0.01)
        gate.set()
        assert metrics.value("files_total", transport="openai_rest", outcome="lost") == 1
        assert not server.service.connections


async def test_a_server_that_goes_down_says_so_to_who_waits() -> None:
    gate = threading.Event()

    def slow(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            gate.wait(WAIT_S)
        return count_words(request)

    with serving(FakeEngine(slow)) as server, connect(server) as client:
        asked = asyncio.create_task(
            asyncio.to_thread(
                client.audio.transcriptions.create, model="whisper-1", file=("a.wav", wav(1))
            )
        )
        while not any(each.active for each in server.service.connections):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await server.call(server.service.drain(0.1))
        with pytest.raises(openai.InternalServerError) as caught:
            await asked
        assert (caught.value.status_code, caught.value.code) == (503, "restarting")
        with pytest.raises(openai.InternalServerError):
            client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(1)))
        gate.set()


def test_logprobs_are_those_of_words(client: openai.OpenAI) -> None:
    said = client.audio.transcriptions.create(
        model="gpt-4o-transcribe", file=("a.wav", wav(2)), include=["logprobs"]
    )
    assert said.logprobs is not None
    assert "".join(each.token or "" for each in said.logprobs).strip() == said.text
    assert {each.logprob for each in said.logprobs} == {-0.1054}


def test_segments_of_one_recording_are_decoded_together() -> None:
    engine = FakeEngine(max_batch=4, delay_s=0.2)  # so that there is something to wait for
    with serving(engine) as server, connect(server) as client:
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(*[1] * 8)))
    sizes = [len(batch) for batch in engine.batches if batch[0].audio.any()]
    assert (sum(sizes), max(sizes) > 1) == (8, True)
