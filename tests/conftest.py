"""What all tests share."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.process_state import process_state_kept

# A shell starts what it puts into the background with SIGINT ignored, and every process below would
# inherit that: no test could press Ctrl-C. Run like that, the suite still tests it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The API keys of whoever runs the tests are not those of the servers that the tests start.
os.environ["XDG_CONFIG_HOME"] = str(Path(tempfile.gettempdir(), "wirescribe-tests-without-config"))

# How long an example takes says more of the machine than of what is tried.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def process_state() -> Iterator[None]:
    """No test finds what another one did to the process."""
    with process_state_kept():
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Who does what, where several processes share the tests."""
    from tests.support.sharing import FileByFile

    return FileByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, where several processes share the tests; else any order will do."""
    if hasattr(config, "workerinput"):
        from tests.support.sharing import longest_first

        items[:] = longest_first(items)
