"""The engine inside a command: found, loaded, freed."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.console import Console

import streaming.models
from streaming.cli import engine
from streaming.cli.thorough import ThoroughEngine
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.errors import BadConfiguration, ModelUnavailable
from streaming.metered import MeteredEngine
from streaming.models import ModelFiles, Progress
from streaming.settings import Settings


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO())


def settings(**sections: dict[str, object]) -> Settings:
    return Settings.model_validate({"vad": {"mode": "webrtc"}, **sections})


async def test_it_is_freed_when_the_block_is_left(
    monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    fake = FakeEngine()
    monkeypatch.setattr(engine, "loader", lambda *_: lambda: [fake])

    async with engine.running(settings(), console) as service:
        (metered,) = service.engines
        assert isinstance(metered, MeteredEngine)
        assert metered._inner is fake
        assert service.languages == ("en", "de", "fr", "zh")
    assert fake.closed

    async with engine.running(settings(), console, thorough=True) as service:
        (metered,) = service.engines
        assert isinstance(metered, MeteredEngine)
        assert isinstance(metered._inner, ThoroughEngine)


async def test_what_does_not_load_is_told_by_its_own_error(
    monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    def broken(*_: object) -> Callable[[], Sequence[Engine]]:
        def load() -> Sequence[Engine]:
            raise ModelUnavailable("model 'base' can't be loaded")

        return load

    monkeypatch.setattr(engine, "loader", broken)
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        async with engine.running(settings(), console):
            pytest.fail("it runs")


def test_the_model_is_fetched_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, console: Console, tmp_path: Path
) -> None:
    asked: list[tuple[str, Path | None, bool]] = []

    def resolve(
        name: str, *, models_dir: Path | None, offline: bool, progress: Progress
    ) -> ModelFiles:
        asked.append((name, models_dir, offline))
        return ModelFiles(name, tmp_path, True, False, 80, 1, None)

    monkeypatch.setattr(streaming.models, "resolve", resolve)
    chosen = settings(engine={"device": "cpu", "models_dir": tmp_path, "offline": True})
    engine.find_model(chosen.engine, console)

    assert asked == [("base", tmp_path, True)]

    two = settings(engine={"device": "cpu", "models_dir": tmp_path, "partial_model": "tiny.en"})
    engine.find_model(two.engine, console)
    assert asked[1:] == [("base", tmp_path, False), ("tiny.en", tmp_path, False)]


def test_a_precision_that_the_device_lacks_is_refused(console: Console) -> None:
    chosen = settings(engine={"device": "cpu", "compute_type": "int3"})
    with pytest.raises(BadConfiguration, match=r"engine\.compute_type: 'int3'"):
        engine.find_model(chosen.engine, console)


@pytest.mark.parametrize(("told", "level"), [(None, "WARNING"), ("INFO", "INFO")])
def test_commands_log_what_is_wrong_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, console: Console, told: str | None, level: str
) -> None:
    configured: list[str] = []
    monkeypatch.setattr(engine, "find_model", lambda *_: None)
    monkeypatch.setattr(engine, "configure_logging", lambda level, **_: configured.append(level))
    chosen = settings() if told is None else settings(server={"log_level": told})
    engine.prepare(chosen, console)

    assert configured == [level]
    assert logging.getLevelName(level) > 0
