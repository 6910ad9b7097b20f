"""How tests are shared out among worker processes: whole files, and the model's all together.

The tests of a file share fixtures that are dear: a browser, a server, a model. Those that decode
with the real model take all processors, so that two of them at once would be in each other's way;
and they take longest, so that whoever begins with anything else ends with waiting for them. What
plays in real time takes long too, and hardly any processor: that comes next.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadScopeScheduling

_MODEL = "tests/model/"
_REAL_TIME = "tests/browser/test_end_to_end.py"


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests in their order, but for those that take longest, which come before all others."""

    def rank(item: pytest.Item) -> int:
        long = (_MODEL, _REAL_TIME)
        return next((at for at, name in enumerate(long) if item.nodeid.startswith(name)), len(long))

    return sorted(items, key=rank)


def scope_of(nodeid: str) -> str:
    """What a test stays together with: its file, or all that decodes with the model."""
    return _MODEL if nodeid.startswith(_MODEL) else nodeid.partition("::")[0]


class FileByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out files in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
