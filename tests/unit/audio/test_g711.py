"""G.711 against the standard computed another way, and against audioop where Python has it."""

from __future__ import annotations

import bisect
import warnings
from types import ModuleType

import numpy as np
import pytest

from streaming.audio import g711

ALL_CODES = bytes(range(256))
ALL_SAMPLES = np.arange(-32768, 32768).astype(np.int16)


def _audioop() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module: ModuleType = pytest.importorskip(
            "audioop", reason="this Python has no audioop any more"
        )
    return module


def _ulaw_by_chords() -> dict[int, int]:
    """Table 2a of G.711: eight chords of 16 steps; the step doubles from chord to chord."""
    table: dict[int, int] = {}
    for sign, base in ((1, 0xFF), (-1, 0x7F)):
        level = 0
        code = base
        for chord in range(8):
            step = 2 << chord
            for _ in range(16):
                table[code] = sign * level * 4
                code -= 1
                # The value of a code lies in the middle of its interval.
                level += step if code & 0x0F != 0x0F else step + step // 2
    return table


def _alaw_by_chords() -> dict[int, int]:
    """Table 1a of G.711: the first two chords share one step, then it doubles."""
    table: dict[int, int] = {}
    edge = 0
    for index in range(128):
        chord = index // 16
        step = 2 << max(chord - 1, 0)
        middle = edge + step // 2
        table[(index | 0x80) ^ 0x55] = middle * 8
        table[index ^ 0x55] = -middle * 8
        edge += step
    return table


def test_ulaw_decodes_every_code_as_the_standard_tabulates_it() -> None:
    expected = _ulaw_by_chords()
    decoded = g711.decode_ulaw(ALL_CODES)
    assert {code: int(decoded[code]) for code in range(256)} == expected


def test_alaw_decodes_every_code_as_the_standard_tabulates_it() -> None:
    expected = _alaw_by_chords()
    decoded = g711.decode_alaw(ALL_CODES)
    assert {code: int(decoded[code]) for code in range(256)} == expected


def test_ulaw_known_points() -> None:
    assert g711.decode_ulaw(b"\xff\x7f\x80\x00").tolist() == [0, 0, 32124, -32124]


def test_alaw_known_points() -> None:
    assert g711.decode_alaw(b"\xd5\x55\xaa\x2a").tolist() == [8, -8, 32256, -32256]


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_decode_equals_audioop(law: str) -> None:
    audioop = _audioop()
    expected = np.frombuffer(getattr(audioop, f"{law}2lin")(ALL_CODES, 2), np.int16)
    decode = getattr(g711, f"decode_{law}")
    assert np.array_equal(decode(ALL_CODES), expected)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_encode_equals_audioop_on_every_sample(law: str) -> None:
    audioop = _audioop()
    expected = getattr(audioop, f"lin2{law}")(ALL_SAMPLES.tobytes(), 2)
    encode = getattr(g711, f"encode_{law}")
    assert encode(ALL_SAMPLES) == expected


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_encode_chooses_a_neighbouring_code_value(law: str) -> None:
    """Without audioop too: what comes back is one of the two code values around the sample."""
    decode, encode = getattr(g711, f"decode_{law}"), getattr(g711, f"encode_{law}")
    values = sorted(set(decode(ALL_CODES).tolist()))
    for sample, back in zip(ALL_SAMPLES[::7], decode(encode(ALL_SAMPLES[::7])), strict=True):
        above = bisect.bisect_left(values, sample)
        assert int(back) in values[max(above - 1, 0) : above + 1]


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_decoded_values_encode_to_codes_of_the_same_value(law: str) -> None:
    decode, encode = getattr(g711, f"decode_{law}"), getattr(g711, f"encode_{law}")
    assert np.array_equal(decode(encode(decode(ALL_CODES))), decode(ALL_CODES))


def test_nothing_in_nothing_out() -> None:
    assert g711.decode_ulaw(b"").shape == (0,)
    assert g711.encode_alaw(np.zeros(0, np.int16)) == b""


def test_tables_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        g711.ULAW_TO_INT16[0] = 1
