"""The engine inside a command: its model at hand, loaded, and freed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from rich.console import Console

from streaming.cli.fetching import FetchBar
from streaming.cli.thorough import ThoroughEngine
from streaming.engine.base import Engine
from streaming.logs import configure_logging
from streaming.service import Service
from streaming.settings import EngineSettings, Settings


def prepare(settings: Settings, console: Console) -> None:
    """Set logging up and see to it that the model lies on this machine, fetched if need be."""
    # Whoever runs a command reads its output, not a log, unless they have asked for one.
    told = "log_level" in settings.server.model_fields_set
    configure_logging(settings.server.log_level if told else "WARNING", json=False)
    find_model(settings.engine, console)


def find_model(settings: EngineSettings, console: Console) -> None:
    """Fetch the models that the settings lead to, unless they are there."""
    from streaming.engine.device import DeviceProbe, choose_device
    from streaming.models import resolve

    choice = choose_device(
        device=settings.device,
        compute_type=settings.compute_type,
        model=settings.model,
        indices=settings.device_index,
        probe=DeviceProbe(),
    )
    with FetchBar(console) as bar:
        for name in filter(None, (choice.model, settings.partial_model)):
            resolve(
                name,
                models_dir=settings.models_dir,
                offline=settings.offline,
                progress=bar.report,
            )


def loader(settings: EngineSettings) -> Callable[[], Sequence[Engine]]:
    """Return what loads the engines."""
    from streaming.serve import engine_loader

    return engine_loader(settings)


@asynccontextmanager
async def running(
    settings: Settings, console: Console, *, thorough: bool = False
) -> AsyncIterator[Service]:
    """Load the model and serve it to this process only, until the block is left.

    ``thorough`` prefers fewer errors to speed, as recordings allow.
    """
    load = loader(settings.engine)
    service = Service(settings, (lambda: [ThoroughEngine(e) for e in load()]) if thorough else load)
    try:
        with console.status("loading the model …"):
            await service.start()
        yield service
    finally:
        await service.stop()
