"""``wirescribe transcribe`` over a scripted engine: what goes where, and with which status."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.fake import FakeEngine, count_words
from tests.protocol.sounds import encoded
from tests.unit.cli.conftest import Command, WriteWav, asked, utterances


def test_standard_output_holds_the_text_and_nothing_else(run: Command, wav: WriteWav) -> None:
    result = run("transcribe", wav("a.wav", utterances(2_000, 1_200)))

    assert result.status == 0
    first, second = result.out.splitlines()
    assert first.split()[0] == "w0"
    assert int(second.split()[0][1:]) > int(first.split()[-1][1:])
    assert result.err == ""


def test_endpointing_by_name_says_where_a_line_ends(run: Command, wav: WriteWav) -> None:
    path = wav("a.wav", utterances(2_000, 1_200))

    assert len(run("transcribe", path, "--endpointing", "captions").out.splitlines()) == 2
    assert len(run("transcribe", path, "--endpointing", "dictation").out.splitlines()) == 1
    assert "telephony" in run("transcribe", path, "--endpointing", "telephone").err


def test_no_partials_and_no_early_finals_are_decoded_for_a_file_that_nobody_watches(
    run: Command, wav: WriteWav, fake_engine: FakeEngine
) -> None:
    run("transcribe", wav("a.wav", utterances(3_000, 3_000)))

    assert {request.kind for request in asked(fake_engine)} == {Kind.FINAL}


def test_json_holds_the_words_with_their_times(run: Command, wav: WriteWav) -> None:
    path = wav("a.wav", utterances(2_000))
    (document,) = run("transcribe", path, "--format", "json").documents

    assert document["file"] == str(path)
    assert document["duration_ms"] == 3_500
    assert document["language"] == "en"
    assert document["complete"] is True
    assert document["text"].startswith("w0 w1 w2")
    (segment,) = document["segments"]
    assert segment["words"][1] == {
        "text": "w1", "start_ms": 400, "end_ms": 800, "confidence": 0.9,
    }  # fmt: skip
    assert "speaker" not in segment


def test_no_words_leaves_them_out_of_json_only(run: Command, wav: WriteWav) -> None:
    path = wav("a.wav", utterances(2_000))

    (document,) = run("transcribe", path, "--format", "json", "--no-words").documents
    assert "words" not in document["segments"][0]
    assert "00:00:00.000 --> " in run("transcribe", path, "--format", "vtt", "--no-words").out


def test_captions_start_where_the_words_do(run: Command, wav: WriteWav) -> None:
    path = wav("a.wav", utterances(1_200, 1_200))

    vtt = run("transcribe", path, "--format", "vtt").out
    srt = run("transcribe", path, "--format", "srt").out

    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert srt.startswith("1\n00:00:00,000 --> ")
    assert "\n2\n00:00:02," in srt


def test_several_files_are_headed_by_their_names_in_their_order(
    run: Command, wav: WriteWav, fake_engine: FakeEngine
) -> None:
    paths = [wav(f"{name}.wav", utterances(ms)) for name, ms in (("c", 2_000), ("a", 800))]
    result = run("transcribe", *paths)

    heads = [line for line in result.out.splitlines() if line.startswith("==>")]
    assert heads == [f"==> {path} <==" for path in paths]
    assert "w3" in result.out.split("==>")[1]
    assert "w3" not in result.out.split("==>")[2]


def test_several_files_are_one_json_document_a_line(run: Command, wav: WriteWav) -> None:
    paths = [wav(f"{number}.wav", utterances(800)) for number in range(5)]
    documents = run("transcribe", *paths, "--format", "json").documents

    assert [document["file"] for document in documents] == [str(path) for path in paths]


def test_a_damaged_file_does_not_keep_the_others_from_being_read(
    run: Command, wav: WriteWav, tmp_path: Path
) -> None:
    (tmp_path / "noise.mp3").write_bytes(b"this is no sound at all" * 50)
    good = wav("good.wav", utterances(800))
    result = run("transcribe", tmp_path / "noise.mp3", good, tmp_path / "missing.wav")

    assert result.status == 1
    assert "w0" in result.out
    complaints = result.err.splitlines()
    assert len(complaints) == 2
    assert "noise.mp3' is not a media file" in complaints[0]
    assert "missing.wav' does not exist" in complaints[1]
    assert all(line.startswith("wirescribe: ") for line in complaints)


def test_nothing_is_loaded_when_there_is_nothing_to_read(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streaming.cli.engine.prepare", lambda *_: pytest.fail("loaded"))
    (tmp_path / "notes.txt").write_text("no sound", encoding="utf-8")
    result = run("transcribe", tmp_path)

    assert result.status == 1
    assert result.err == f"wirescribe: {str(tmp_path)!r} holds no media files\n"


def test_what_a_broken_file_still_holds_is_written(
    run: Command, wav: WriteWav, tmp_path: Path
) -> None:
    from tests.support.media_files import encode

    whole = encode(tmp_path / "a.flac", "flac", utterances(2_000, 2_000)[None], 16_000)
    broken = tmp_path / "broken.flac"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    result = run("transcribe", broken, "--format", "json")

    assert result.status == 1
    assert "'broken.flac' is damaged" in result.err.replace(str(tmp_path) + os.sep, "")
    (document,) = result.documents
    assert document["complete"] is False
    assert document["text"].startswith("w0 w1")


def test_a_folder_becomes_a_folder_of_captions(run: Command, wav: WriteWav, tmp_path: Path) -> None:
    wav("talks/b.wav", utterances(800))
    wav("talks/deep/a.wav", utterances(800))
    (tmp_path / "talks/readme.txt").write_text("", encoding="utf-8")
    out = tmp_path / "captions"
    result = run("transcribe", tmp_path / "talks", "--format", "srt", "--output", out)

    assert result.status == 0
    assert result.out == ""
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert written == ["b.srt", str(Path("deep/a.srt"))]
    assert (out / "b.srt").read_text(encoding="utf-8").startswith("1\n00:00:00,000")


def test_the_suffix_of_the_output_names_the_form(
    run: Command, wav: WriteWav, tmp_path: Path
) -> None:
    run("transcribe", wav("a.wav", utterances(800)), "--output", tmp_path / "a.json")

    document = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert document["text"].startswith("w0")


def test_channels_are_mixed_unless_they_are_speakers(
    run: Command, wav: WriteWav, fake_engine: FakeEngine
) -> None:
    early, late = utterances(800), utterances(800)
    path = wav("call.wav", early, late[::-1].copy())

    mixed = run("transcribe", path, "--format", "json").documents[0]
    assert {segment["channel"] for segment in mixed["segments"]} == {0}

    apart = run("transcribe", path, "--separate-channels").out.splitlines()
    assert [line.split(":")[0] for line in apart] == ["Channel 1", "Channel 2"]

    named = run("transcribe", path, "--speakers", "agent, customer", "--format", "json")
    assert [s["speaker"] for s in named.documents[0]["segments"]] == ["agent", "customer"]


def test_speakers_must_be_as_many_as_channels(run: Command, wav: WriteWav) -> None:
    result = run("transcribe", wav("a.wav", utterances(800)), "--speakers", "agent,customer")

    assert result.status == 1
    assert "--speakers: 2 names for the 1 channels of" in result.err


class _Stdin:
    """A process's standard input with these bytes on it."""

    def __init__(self, data: bytes) -> None:
        read, write = os.pipe()
        with os.fdopen(write, "wb") as file:
            file.write(data)  # less than a pipe holds
        self.buffer = os.fdopen(read, "rb")


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_f32le", "mulaw", "alaw"])
def test_raw_audio_comes_on_standard_input(
    run: Command, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    stdin = _Stdin(encoded(utterances(600, pause_ms=200), encoding))
    monkeypatch.setattr("sys.stdin", stdin)
    with stdin.buffer:
        result = run("transcribe", "-", "--encoding", encoding)

    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("w0")


def test_a_media_file_on_standard_input_is_not_taken_for_raw_audio(
    run: Command, wav: WriteWav, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = _Stdin(wav("a.wav", utterances(300, pause_ms=0)).read_bytes())
    monkeypatch.setattr("sys.stdin", stdin)
    with stdin.buffer:
        result = run("transcribe", "-")

    assert result.status == 1
    assert "standard input is a WAV file" in result.err
    assert result.out == ""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("x.wav", "--sample-rate", "8000"), "--sample-rate: only raw audio"),
        (("-", "--sample-rate", "0"), "audio.sample_rate: 0 is not between"),
        (("-", "--encoding", "opus"), "audio.encoding: 'opus' is not supported"),
        (("-", "--channels", "9"), "audio.channels: 9 is not between"),
        (("-", "-"), "'-' can be read only once"),
        (("a.wav", "b.wav", "--format", "srt"), "--format: 'srt' of 2 files"),
        (("a.wav", "--config", "/no/such.toml"), "config: '/no/such.toml' can't be read"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    run: Command, arguments: tuple[str, ...], complaint: str
) -> None:
    result = run("transcribe", *arguments)

    assert result.status == 1
    assert result.out == ""
    assert result.err.startswith(f"wirescribe: {complaint}") or complaint in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--language", "klingon"), "language: 'klingon' is not"),
        (("--language", "frr"), "near it: fr"),
        (("--languages", "de,frr"), "languages[1]: 'frr' is not a language of this model"),
        (("--prompt", "x" * 3_000), "prompt: 3000 characters"),
    ],
)
def test_what_the_model_cannot_do_is_refused_in_one_line(
    run: Command, wav: WriteWav, arguments: tuple[str, ...], complaint: str
) -> None:
    result = run("transcribe", wav("a.wav", utterances(800)), *arguments)

    assert (result.status, result.out) == (1, "")
    assert complaint in result.err
    assert result.err.count("\n") == 1


def test_speech_options_reach_the_engine(
    run: Command, wav: WriteWav, fake_engine: FakeEngine
) -> None:
    options = ("--language", "de-AT", "--task", "translate", "--prompt", "P", "--hotwords", "a,b")
    assert run("transcribe", wav("a.wav", utterances(800)), *options).status == 0

    request = asked(fake_engine)[0]
    assert request.language.fixed == "de"
    assert request.task == "translate"
    assert request.prompt == "P"
    assert request.hotwords == ("a", "b")


def test_languages_to_detect_reach_the_engine(
    run: Command, wav: WriteWav, fake_engine: FakeEngine
) -> None:
    assert run("transcribe", wav("a.wav", utterances(800)), "--languages", "de-AT,en").status == 0
    choice = asked(fake_engine)[0].language
    assert (choice.fixed, choice.allowed) == (None, ("de", "en"))
    both = run("transcribe", "a.wav", "--languages", "de,en", "--language", "de")
    assert both.status == 2
    assert "not allowed with" in both.err


def test_an_engine_that_fails_is_reported_and_what_came_before_is_kept(
    run: Command, wav: WriteWav, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(request: DecodeRequest) -> Hypothesis:
        if request.segment == 1:
            raise RuntimeError("secret of the engine")
        return count_words(request)

    failing = FakeEngine(script, concurrency=1, max_batch=1)
    monkeypatch.setattr("streaming.cli.engine.loader", lambda *_: lambda: [failing])
    result = run("transcribe", wav("a.wav", utterances(800, 800, 800)), "--format", "json")

    assert result.status == 1
    (document,) = result.documents
    assert document["complete"] is False
    assert document["text"].startswith("w0")
    assert "engine failed" in result.err
    assert "secret" not in result.err


def test_an_output_that_cannot_be_written_is_known_at_once(
    run: Command, wav: WriteWav, tmp_path: Path
) -> None:
    path = wav("a.wav", utterances(800))
    (tmp_path / "file").write_text("", encoding="utf-8")

    result = run("transcribe", path, path, "--output", tmp_path / "file")
    assert result.status == 1
    assert "--output: " in result.err

    result = run("transcribe", path, "--output", path)
    assert "would overwrite what is transcribed" in result.err
    assert path.stat().st_size > 1_000


def test_a_terminal_as_standard_input_is_not_waited_for(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    class Stdin:
        buffer = Terminal()

    monkeypatch.setattr("sys.stdin", Stdin())
    result = run("transcribe", "-")

    assert result.status == 1
    assert "which is a terminal" in result.err
