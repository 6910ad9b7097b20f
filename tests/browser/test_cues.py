"""The page saves the files that the server would send: both are held to what is recorded."""

from __future__ import annotations

import json

from tests.browser.cues import RECORDED, cases


def test_the_server_makes_the_cues_that_the_page_is_held_to() -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert list(cases()) == recorded
