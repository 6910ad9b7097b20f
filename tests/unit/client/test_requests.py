from __future__ import annotations

import json

from streaming.client import Options
from streaming.client.requests import Requests, changed


def sent(requests: Requests, cursor: int) -> list[str]:
    found = []
    while (message := requests.before(cursor)) is not None:
        fields = json.loads(message)
        found.append(fields.get("id") or fields["type"])
    return found


def test_each_is_sent_at_its_place_in_order() -> None:
    requests = Requests(Options())
    requests.configure(10, {"language": "de"})
    requests.finalize(20, "1")
    requests.finalize(20, "2")
    assert (requests.until(4), sent(requests, 9)) == (6, [])
    assert sent(requests, 10) == ["configure"]
    assert (requests.until(12), sent(requests, 25)) == (8, ["1", "2"])
    assert requests.until(25) is None


def test_after_a_replay_from_there_what_stood_behind_it_and_what_is_unanswered() -> None:
    requests = Requests(Options())
    requests.configure(10, {"language": "de"})
    requests.finalize(20, "1")
    requests.finalize(30, "2")
    requests.configure(40, {"prompt": "p"})
    assert len(sent(requests, 99)) == 4
    assert requests.answered("1")
    assert not requests.answered("1")
    requests.rewind(35)
    assert sent(requests, 99) == ["2", "configure"]


def test_a_new_session_is_started_with_what_holds_at_its_place() -> None:
    requests = Requests(Options(language="en"))
    requests.configure(10, {"languages": ["de", "fr"]})
    requests.configure(40, {"prompt": "p"})
    sent(requests, 99)
    options = requests.options_at(10)
    assert (options.language, options.languages, options.prompt) == (None, ["de", "fr"], None)
    requests.restart()
    assert sent(requests, 99) == ["configure"]


def test_what_lies_before_all_that_may_be_replayed_becomes_an_option() -> None:
    requests = Requests(Options())
    requests.configure(10, {"prompt": "p"})
    requests.configure(20, {"prompt": "q"})
    sent(requests, 15)
    requests.settle(99)  # the second one has not been sent yet
    assert requests.options_at(0).prompt == "p"
    assert requests.pending
    sent(requests, 20)
    requests.settle(21)
    assert requests.options_at(0).prompt == "q"
    assert not requests.pending


def test_a_preset_replaces_all_its_values_and_a_value_only_itself() -> None:
    options = Options(endpointing="captions", silence_ms=300)
    assert changed(options, {"max_segment_ms": 5000}).silence_ms == 300
    preset = changed(options, {"endpointing": "dictation", "max_segment_ms": 5000})
    assert (preset.endpointing, preset.silence_ms, preset.max_segment_ms) == (
        "dictation", None, 5000,
    )  # fmt: skip
