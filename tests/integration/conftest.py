from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.harness import Running, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """One server with the defaults for all tests that leave it as it was."""
    with serving(limits={"max_sessions": 256}) as running:
        yield running
