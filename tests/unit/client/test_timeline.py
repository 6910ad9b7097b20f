from __future__ import annotations

from streaming.client import Options
from streaming.client.sound import Sound
from streaming.client.timeline import Timeline

SOUND = Sound(Options())


def at(ms: int) -> int:
    return SOUND.position(ms)


def test_a_session_that_begins_later() -> None:
    timeline = Timeline(SOUND)
    timeline.restart(at(5000))
    timeline.sent(at(2000))
    assert timeline.server_ms == 2000
    assert timeline.at(700) == 5700


def test_a_leap_over_audio_that_was_given_up() -> None:
    timeline = Timeline(SOUND)
    timeline.sent(at(2000))
    timeline.leap(at(1000), at(60_000))
    assert timeline.at(2999) == 2999
    assert timeline.at(3100) == 60_100


def test_a_leap_that_the_server_never_heard_of_is_none() -> None:
    timeline = Timeline(SOUND)
    timeline.sent(at(2000))
    timeline.leap(at(1000), at(60_000))
    assert timeline.resume(1500) == at(1500)
    assert timeline.at(3100) == 3100


def test_a_leap_heard_in_part_is_taken_anew() -> None:
    timeline = Timeline(SOUND)
    timeline.sent(at(1000))
    timeline.leap(at(1000), at(9000))
    timeline.sent(at(500))
    timeline.leap(at(200), at(12_000))
    timeline.sent(at(300))
    assert timeline.at(1800) == 12_100


def test_going_on_behind_a_leap_and_forgetting_it() -> None:
    timeline = Timeline(SOUND)
    timeline.sent(at(1000))
    timeline.leap(at(1000), at(9000))
    timeline.sent(at(1500))
    assert timeline.resume(2500) == at(9500)
    timeline.settled(2200)
    assert timeline.at(2600) == 9600
