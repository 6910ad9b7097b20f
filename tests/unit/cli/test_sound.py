"""Blocks read ahead by a thread: all of them, in order, never too far, and no thread left."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.cli.errors import CommandError
from streaming.cli.inputs import find_inputs
from streaming.cli.sound import Sound, open_file, open_stdin
from streaming.media import Media, MediaError, MediaInfo
from streaming.media.base import Samples
from tests.protocol.sounds import encoded, speech
from tests.unit.cli.conftest import WriteWav

pytestmark = pytest.mark.timeout(60)


def media(
    blocks: Callable[[Media], Iterator[Samples]], closed: list[bool], channels: int = 1
) -> Media:
    info = MediaInfo("x", "raw", "pcm", 16_000, channels, channels, 1_000)
    return Media(info, blocks, lambda: closed.append(True))


async def everything(sound: Sound) -> bytes:
    return b"".join([chunk async for chunk in sound])


async def test_a_file_comes_out_whole_and_in_order(wav: WriteWav) -> None:
    samples = speech(3_300)
    (source,) = find_inputs([str(wav("a.wav", samples))])
    sound = await asyncio.to_thread(open_file, source, mix=True)
    data = np.frombuffer(await everything(sound), "<f4")
    await sound.close()

    assert sound.duration_ms == 3_300
    assert sound.format == AudioFormat(Encoding.PCM_F32LE)
    assert np.abs(data - samples).max() < 1e-4
    assert sound.damage is None


async def test_channels_are_kept_or_mixed(wav: WriteWav) -> None:
    left, right = speech(500), -speech(500)
    (source,) = find_inputs([str(wav("a.wav", left, right))])
    mixed = open_file(source, mix=True)
    apart = open_file(source, mix=False)

    assert np.abs(np.frombuffer(await everything(mixed), "<f4")).max() < 1e-4
    data = np.frombuffer(await everything(apart), "<f4").reshape(-1, 2)
    assert apart.format.channels == 2
    assert np.abs(data[:, 0] + data[:, 1]).max() < 1e-4
    assert np.abs(data).max() > 0.1
    await mixed.close()
    await apart.close()


async def test_no_more_is_read_than_is_asked_for_soon() -> None:
    made = threading.Semaphore(0)
    count = 0

    def blocks(_: Media) -> Iterator[Samples]:
        nonlocal count
        while True:
            count += 1
            made.release()
            yield np.zeros((1, 160), np.float32)

    closed: list[bool] = []
    sound = Sound(media(blocks, closed), mix=True, live=False)
    chunks = aiter(sound)
    for _ in range(3):
        await anext(chunks)
    for _ in range(count):
        await asyncio.to_thread(made.acquire)
    assert count <= 3 + 6

    await sound.close()
    assert closed == [True]
    assert not [thread for thread in threading.enumerate() if thread.name == "sound"]


async def test_what_fails_in_the_thread_fails_where_it_is_read() -> None:
    def blocks(_: Media) -> Iterator[Samples]:
        yield np.zeros((1, 160), np.float32)
        raise MediaError("it is broken")

    closed: list[bool] = []
    sound = Sound(media(blocks, closed), mix=True, live=False)
    with pytest.raises(MediaError, match="it is broken"):
        await everything(sound)
    await sound.close()
    assert closed


async def test_a_file_that_was_never_read_is_closed_too() -> None:
    closed: list[bool] = []
    await Sound(media(lambda _: iter(()), closed), mix=True, live=False).close()
    assert closed == [True]


async def test_a_silent_pipe_is_left_to_itself() -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stream, os.fdopen(write, "wb", buffering=0) as file:
        sound = open_stdin(stream, AudioFormat(), mix=True)
        chunks = aiter(sound)
        file.write(encoded(speech(500)))
        first = await anext(chunks)
        sound.finish()
        rest = [chunk async for chunk in chunks]
        await sound.close()  # doesn't wait for what may never come
        file.close()  # so that the thread ends

    assert len(first) + sum(map(len, rest)) == 500 * 16 * 4


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"RIFF", "WAV"),
        (b"fLaC", "FLAC"),
        (b"OggS", "Ogg"),
        (b"ID3", "MP3"),
        (b"\x1aE\xdf\xa3", "Matroska"),
    ],
)
async def test_what_is_no_raw_audio_is_named(start: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(start + bytes(1_000))
    with (tmp_path / "x").open("rb") as stream:
        sound = open_stdin(stream, AudioFormat(), mix=True)
        with pytest.raises(CommandError, match=f"standard input is a {kind}"):
            await everything(sound)
        await sound.close()
