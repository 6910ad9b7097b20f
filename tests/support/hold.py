"""What a line carries while nobody speaks, made by arithmetic: noise, hum, tones, clicks, music.

Everything is mono at 16 kHz in -1..1, and the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Wave = npt.NDArray[np.float64]
Random = np.random.Generator
Make = Callable[[Random, float], Wave]

_RATE = 16_000
_KEYS = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477)]
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9))


def sounds(seconds: float) -> Iterator[tuple[str, Samples]]:
    """Every kind of sound, with its name, each for so long."""
    for number, (name, make) in enumerate(_KINDS.items()):
        wave = make(np.random.default_rng(number), seconds)[: int(seconds * _RATE)]
        yield name, np.clip(wave, -1, 1).astype(np.float32)


def telephone(samples: Samples) -> Samples:
    """What is left of it after 8 kHz and G.711 µ-law."""
    length = len(samples) // 4 * 4
    spectrum = np.fft.rfft(samples[:length])
    narrow = np.fft.irfft(spectrum[: length // 4 + 1], length // 2) / 2
    squeezed = np.sign(narrow) * np.log1p(255 * np.minimum(1, np.abs(narrow))) / np.log(256)
    coarse = np.rint(squeezed * 127) / 127
    heard = np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255
    wide = np.zeros(length // 2 + 1, dtype=np.complex128)
    wide[: length // 4 + 1] = np.fft.rfft(heard) * 2
    return np.fft.irfft(wide, length).astype(np.float32)


def _time(seconds: float) -> Wave:
    return np.arange(int(seconds * _RATE)) / _RATE


def _silence(_: Random, seconds: float) -> Wave:
    return np.zeros(int(seconds * _RATE))


def _noise(random: Random, seconds: float, *, db: float, slope: float = 0.0) -> Wave:
    """Noise whose power falls with frequency to the ``slope``: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(random.normal(0, 1, int(seconds * _RATE)))
    hertz = np.maximum(20, np.fft.rfftfreq(int(seconds * _RATE), 1 / _RATE))
    wave = np.fft.irfft(spectrum * hertz ** (-slope / 2), int(seconds * _RATE))
    loud: Wave = wave / wave.std() * 10 ** (db / 20)
    return loud


def _hum(random: Random, seconds: float, *, hertz: float, db: float) -> Wave:
    """Mains hum: nineteen harmonics and a little noise."""
    time = _time(seconds)
    wave = sum(
        np.sin(2 * np.pi * hertz * k * time + random.uniform(0, 6)) / k**1.2 for k in range(1, 20)
    )
    hum: Wave = wave / np.std(wave) * 10 ** (db / 20)
    return hum + _noise(random, seconds, db=-65)


def _tones(
    _: Random, seconds: float, *, hertz: tuple[float, ...], on: float = 1.0, off: float = 0.0
) -> Wave:
    """Signals of the exchange: these frequencies together, ``on`` and ``off`` seconds in turn."""
    time = _time(seconds)
    wave = np.sum([np.sin(2 * np.pi * f * time) for f in hertz], axis=0) * 0.2 / len(hertz)
    return np.where(time % (on + off) < on, wave, 0.0)


def _dialling(random: Random, seconds: float) -> Wave:
    wave, at = np.zeros(int(seconds * _RATE)), 0
    while at + _RATE < len(wave):
        low, high = _KEYS[random.integers(len(_KEYS))]
        time = _time(0.12)
        wave[at : at + len(time)] = np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time)
        at += len(time) + int(random.uniform(0.08, 0.9) * _RATE)
    return wave * 0.2


def _fax(random: Random, seconds: float) -> Wave:
    """Calling tone, then two frequencies at 300 baud, then a modem's noise."""
    call = _tones(random, seconds / 3, hertz=(1100,), on=0.5, off=3.0)
    bits = np.repeat(random.integers(0, 2, int(seconds * 100) + 1), 53)[: len(call)]
    keyed = np.sin(2 * np.pi * np.cumsum(np.where(bits, 1650, 1850)) / _RATE) * 0.25
    return np.concatenate([call, keyed, _noise(random, seconds / 3, db=-18)])


def _bursts(random: Random, seconds: float, *, gap: float, low: float, high: float) -> Wave:
    """Short decaying hits, ``gap`` seconds apart on average: keys when high, knocks when low."""
    wave, at = _noise(random, seconds, db=-62), 0
    while (at := at + 800 + int(random.exponential(gap) * _RATE)) + 3_200 < len(wave):
        time = _time(0.2)
        hit = np.sin(2 * np.pi * random.uniform(low, high) * time) + random.normal(0, 0.3, 3_200)
        wave[at : at + 3_200] += hit * np.exp(-time * random.uniform(20, 120)) * 0.3
    return wave


def _breath(random: Random, seconds: float) -> Wave:
    wave, at = _noise(random, seconds, db=-64), 0
    while at + 2 * _RATE < len(wave):
        duration = random.uniform(0.6, 1.6)
        air = _noise(random, duration, db=random.uniform(-40, -26), slope=1.5)
        wave[at : at + len(air)] += air * np.sin(np.pi * np.arange(len(air)) / len(air)) ** 1.5
        at += len(air) + int(random.uniform(0.4, 1.8) * _RATE)
    return wave


def _music(random: Random, seconds: float, *, beat: float, plucked: bool) -> Wave:
    """Chords of harmonics: struck one note at a time, or held like an organ's."""
    wave, at = np.zeros(int((seconds + 8 * beat) * _RATE)), 0
    root = 220 * 2 ** (random.integers(8) / 12)
    while at < seconds * _RATE:
        chord = _CHORDS[random.integers(len(_CHORDS))]
        for step in range(8):
            for note in [chord[random.integers(3)]] if plucked else chord * (step % 4 == 0):
                time = _time(beat * (0.9 if plucked else 3.9))
                pitch = 2 * np.pi * root * 2 ** (note / 12) * time
                sound = np.sum([np.sin(k * pitch) / k for k in range(1, 6)], axis=0)
                fade = np.exp(-4 * time) if plucked else np.minimum(1, 8 * (time[-1] - time))
                wave[at : at + len(time)] += sound * fade * np.minimum(1, 40 * time)
            at += int(beat * _RATE)
    music: Wave = wave / np.abs(wave).max() * 0.25
    return music


_KINDS: dict[str, Make] = {
    "digital silence": _silence,
    "noise at -60 dB": partial(_noise, db=-60.0),
    "noise at -25 dB": partial(_noise, db=-25.0),
    "pink noise": partial(_noise, db=-30.0, slope=1.0),
    "brown noise": partial(_noise, db=-25.0, slope=2.0),
    "hum of 50 Hz": partial(_hum, hertz=50.0, db=-25.0),
    "hum of 60 Hz": partial(_hum, hertz=60.0, db=-20.0),
    "faint hum": partial(_hum, hertz=50.0, db=-50.0),
    "dial tone": partial(_tones, hertz=(350.0, 440.0)),
    "ringing": partial(_tones, hertz=(425.0,), on=1.0, off=4.0),
    "busy": partial(_tones, hertz=(480.0, 620.0), on=0.5, off=0.5),
    "out of order": partial(_tones, hertz=(950.0, 1400.0), on=0.33, off=1.0),
    "dialling": _dialling,
    "fax": _fax,
    "keyboard": partial(_bursts, gap=0.2, low=1_500.0, high=4_000.0),
    "knocks": partial(_bursts, gap=1.5, low=70.0, high=300.0),
    "breath": _breath,
    "organ": partial(_music, beat=0.7, plucked=False),
    "arpeggio": partial(_music, beat=0.28, plucked=True),
    "waltz": partial(_music, beat=0.19, plucked=True),
}
