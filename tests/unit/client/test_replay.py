from __future__ import annotations

from streaming.client.replay import ReplayBuffer


def test_each_byte_is_given_out_once_and_again_after_a_rewind() -> None:
    buffer = ReplayBuffer(1)
    buffer.append(b"abc")
    buffer.append(memoryview(b"de"))
    assert [buffer.take(2), buffer.take(9), buffer.take(9)] == [b"ab", b"cde", b""]
    buffer.rewind(1)
    assert buffer.unsent == 4
    assert buffer.take(2) == b"bc"


def test_only_whole_frames_count_however_they_were_cut() -> None:
    buffer = ReplayBuffer(4)
    buffer.append(b"abc")
    assert (buffer.end, buffer.take(9)) == (0, b"")
    buffer.append(b"defghi")
    assert (buffer.end, buffer.take(99)) == (8, b"abcdefgh")
    buffer.drop(6)
    assert buffer.start == 4


def test_releasing_spares_what_is_unsent_and_dropping_does_not() -> None:
    buffer = ReplayBuffer(1)
    buffer.append(b"abcde")
    buffer.take(2)
    buffer.release(4)
    assert (buffer.start, buffer.cursor, buffer.held) == (2, 2, 3)
    buffer.drop(4)
    assert (buffer.start, buffer.cursor, buffer.take(9)) == (4, 4, b"e")
    buffer.rewind(0)
    assert buffer.cursor == 4
    buffer.rewind(99)
    assert buffer.cursor == 5


def test_going_back_is_no_release() -> None:
    buffer = ReplayBuffer(1)
    buffer.append(b"abc")
    buffer.take(3)
    buffer.release(2)
    buffer.release(1)
    assert (buffer.start, buffer.end) == (2, 3)
