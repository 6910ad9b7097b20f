"""A deterministic mutator, for where atheris is not installed, and for the short form."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_MOST_BYTES = 4_096
_BYTES = (0x00, 0x0A, 0x20, 0x22, 0x2C, 0x5B, 0x5C, 0x7B, 0x7D, 0x7F, 0x80, 0xC3, 0xFF)


def mutants(
    seeds: Sequence[bytes], words: Sequence[str], count: int, seed: int = 0
) -> Iterator[bytes]:
    """``count`` inputs grown from the seeds, always the same ones for one ``seed``."""
    dice = random.Random(seed)
    pool = [*seeds] or [b""]
    for _ in range(count):
        data = bytearray(dice.choice(pool))
        for _ in range(dice.choice([1, 1, 2, 4, 8])):
            _change(dice, data, pool, words)
        grown = bytes(data[:_MOST_BYTES])
        if dice.random() < 0.02:  # generations: what was changed is changed again
            pool[dice.randrange(len(pool))] = grown
        yield grown


def _change(
    dice: random.Random, data: bytearray, pool: Sequence[bytes], words: Sequence[str]
) -> None:
    at = dice.randrange(len(data) + 1)
    end = min(len(data), at + dice.choice([1, 1, 2, 8, 64]))
    match dice.randrange(8):
        case 0:
            data[at:end] = b""
        case 1:
            data[at:at] = data[at:end] * dice.choice([1, 2, 50])
        case 2:
            data[at:at] = bytes([dice.choice(_BYTES)]) * dice.choice([1, 1, 3])
        case 3 if at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        case 4 if at < len(data):
            data[at] = dice.randrange(256)
        case 5:
            data[at:end] = dice.choice(words).encode()
        case 6:
            other = dice.choice(pool)
            cut = dice.randrange(len(other) + 1)
            data[at:end] = other[cut : cut + dice.choice([4, 40, 400])]
        case _:
            number = dice.choice([0, -1, 1, 2**31, 2**63, 10**30, 99_999])
            data[at:end] = str(number).encode()
