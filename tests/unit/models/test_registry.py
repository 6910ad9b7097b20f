from __future__ import annotations

import re

import pytest

from streaming.models import registry
from streaming.models.embedded_fetcher import pinned_manifest
from streaming.models.files import missing_files


@pytest.mark.parametrize(
    "name",
    [
        *("tiny", "base", "small", "medium", "large-v3", "large-v3-turbo"),
        *("tiny.en", "base.en", "small.en", "medium.en"),
        *("distil-small.en", "distil-medium.en", "distil-large-v3"),
        *("large", "turbo"),
    ],
)
def test_the_usual_names_are_known(name: str) -> None:
    spec = registry.find(name)
    assert spec is not None
    assert name in (spec.name, *spec.aliases)


def test_names_and_aliases_are_distinct_and_safe_as_folders() -> None:
    names = [name for spec in registry.specs() for name in (spec.name, *spec.aliases)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name) for name in names)
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+", spec.repo) for spec in registry.specs())


def test_english_names_are_english_contracts() -> None:
    for spec in registry.specs():
        if spec.name.endswith(".en"):
            assert not spec.multilingual
            assert spec.languages == 1


def test_the_newer_contract_has_one_language_more() -> None:
    large = registry.find("large-v3")
    medium = registry.find("medium")
    assert large is not None
    assert medium is not None
    assert (large.mel_bins, large.languages) == (128, 100)
    assert (medium.mel_bins, medium.languages) == (80, 99)


@pytest.mark.parametrize("name", [registry.EMBEDDED, "tiny.en"])
def test_an_embedded_model_is_whole_and_pinned(name: str) -> None:
    spec = registry.find(name)
    assert spec is not None
    assert spec.embedded is not None
    manifest = pinned_manifest(spec, spec.embedded)
    assert missing_files(manifest.files) == []
    assert manifest.size_bytes == spec.size_bytes
    digests = [file.sha256 for file in spec.embedded.files]
    digests += [wheel.sha256 for wheel in spec.embedded.wheels]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    projects = {wheel.project for wheel in spec.embedded.wheels}
    assert {project for file in spec.embedded.files for project, _ in file.parts} == projects


def test_two_models_need_no_hub() -> None:
    assert [spec.name for spec in registry.specs() if spec.embedded] == ["tiny.en", "base"]


def test_a_name_far_from_all_others_gets_no_guess() -> None:
    assert "did you mean" not in registry.unknown("qqqqqq").message
    assert "did you mean 'medium'" in registry.unknown("mediun").message
