"""Whether a hypothesis is worth showing: loops to decode again, text that was never said.

Loops are how a short window fails: the sentence again and again, at good probability. Any of
four signs gives one away: the token cap was hit, the text compresses too well, the mean
log-probability is very low, or four words stand in it three times. Text out of noise is told by
its log-probability, and by it together with the model's own no-speech probability.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections import Counter
from collections.abc import Sequence

from streaming.decoding import Hypothesis, Word
from streaming.stabilizer import normalized
from streaming.stock import Stock, stock

_MOST_COMPRESSION = 2.0
_LEAST_LOGPROB = -1.0
_SURE_LOGPROB = -0.45
_LOOP_WORDS = 4
_LOOP_TIMES = 3
_SHORTEST_COMPRESSED = 40  # zlib's own overhead drowns the signal below this
_ECHO_WORDS = 3
_BEGUN_WORDS = 2
_INSTANT_MS = 20  # a step of the alignment: nothing is spoken in it
_REACH_MS = 600
_GUESS_LOGPROB = -1.5
_NOISE_LOGPROB = -1.2
_NONSENSE_LOGPROB = -2.5
_UNCERTAIN_NO_SPEECH = 0.4
_CLEAR_MS = 100  # knocks, taps and tones that were taken for a voice had none
_STOCK_LOGPROB = -0.4
_DOUBTFUL_LOGPROB = -0.6
_DOUBTFUL_NO_SPEECH = 0.6
_VOICED_LOGPROB = -0.9  # where the detector heard a voice: "six" on a telephone had -0.76


def compression_ratio(text: str) -> float:
    """Bytes of UTF-8 per byte of their zlib compression."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def loops(words: Sequence[Word]) -> bool:
    """Whether any four words in a row occur three times."""
    names = [normalized(word.text) for word in words]
    grams = Counter(tuple(names[i : i + _LOOP_WORDS]) for i in range(len(names) - _LOOP_WORDS + 1))
    return bool(grams) and max(grams.values()) >= _LOOP_TIMES


def degenerate(hypothesis: Hypothesis) -> str | None:
    """Return why a hypothesis should be decoded again over a padded window, or None."""
    if hypothesis.looped:
        return "length"
    if loops(hypothesis.words):
        return "repetition"
    text = hypothesis.text
    if len(text.encode()) >= _SHORTEST_COMPRESSED and compression_ratio(text) > _MOST_COMPRESSION:
        return "compression"
    if hypothesis.token_count and hypothesis.average_logprob < _LEAST_LOGPROB:
        return "probability"
    return None


def uncertain(hypothesis: Hypothesis) -> bool:
    """Whether a second look, with room behind the speech and a beam, is likely to mend something.

    A sixth of the segments; docs/adr/0019-second-looks.md has the figures.
    """
    return bool(hypothesis.token_count) and hypothesis.average_logprob < _SURE_LOGPROB


def better(first: Hypothesis, second: Hypothesis) -> Hypothesis:
    """Return the one of two hypotheses of the same audio that is to be believed.

    The likelier one, unless it went astray, or the model takes only the other one for speech.
    """
    if degenerate(first) or degenerate(second):
        return second if degenerate(first) else first
    if first.average_logprob <= second.average_logprob:
        return second
    return second if _no_speech(first) and not _no_speech(second) else first


def not_speech(hypothesis: Hypothesis, clear_ms: int | None = None) -> str | None:
    """Return why a final's text should not be believed to be speech, or None.

    ``clear_ms`` is how much of the segment the voice detector was sure of; None where that isn't
    known. A word that it heard clearly may be improbable ("no", "okay" alone often are), and a
    stock phrase has been said; the figures are in ``docs/faithfulness.md``.
    """
    if not hypothesis.text:
        return "no_words"
    logprob, no_speech = hypothesis.average_logprob, hypothesis.no_speech
    voiced = clear_ms is not None and clear_ms >= _CLEAR_MS
    doubted = not voiced or no_speech > _UNCERTAIN_NO_SPEECH
    if logprob < (_NOISE_LOGPROB if doubted else _NONSENSE_LOGPROB):
        return "low_probability"
    if _no_speech(hypothesis, _VOICED_LOGPROB if voiced else _DOUBTFUL_LOGPROB):
        return "no_speech"
    phrase = stock(hypothesis.text) if clear_ms is not None and doubted else None
    if phrase is Stock.CREDIT or (phrase and logprob < _STOCK_LOGPROB):
        return "stock_phrase"
    if not voiced and clear_ms is not None and loops(hypothesis.words):
        return "loop"
    return None


def _no_speech(hypothesis: Hypothesis, doubtful: float = _DOUBTFUL_LOGPROB) -> bool:
    """Whether the model itself takes it for no speech, and doubts its text."""
    improbable = hypothesis.average_logprob < doubtful
    return improbable and hypothesis.no_speech > _DOUBTFUL_NO_SPEECH


def without_echo(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words without a trailing copy of the words before it that takes no time.

    A short window's smallest loop says a sentence twice. Alignment finds no sound for the copy:
    all its words but one fall on a single instant, or on one step of the alignment where they are
    three or more, which spoken words never do. Copies of words without times are taken for such
    from three words on.
    """
    names = [normalized(word.text) for word in words]
    for size in range(len(names) // 2, 1, -1):
        if names[-size:] != names[-2 * size : -size]:
            continue
        copy = words[-size:]
        timed = [
            w.end_ms - w.start_ms for w in copy if w.end_ms is not None and w.start_ms is not None
        ]
        instant = sum(duration <= (_INSTANT_MS if size > 2 else 0) for duration in timed)
        if (timed and instant >= size - 1) or (not timed and size > 2):
            return without_echo(words[:-size])
    return _without_stutter(words, names)


def _without_stutter(words: Sequence[Word], names: Sequence[str]) -> tuple[Word, ...]:
    """Return the words without the copies of the last one, if it stands there three times or more.

    Only where all copies but one take no time: people do say "no, no, no".
    """
    run = next((i for i, name in enumerate(reversed(names)) if name != names[-1]), len(names))
    copies = words[len(words) - run :]
    instant = sum(word.end_ms is not None and word.end_ms == word.start_ms for word in copies)
    return tuple(words[: len(words) - run + 1] if run > 2 and instant >= run - 2 else words)


def without_tail(words: Sequence[Word], *, begun: bool = False) -> tuple[Word, ...]:
    """Return the words of a hypothesis that hit its cap, without the repetition that filled it.

    The first pass of a loop is what was said: all that follows is a copy of it, the last one cut
    off somewhere, maybe within a word. ``begun`` takes the first two words of a copy for one:
    right where the cap is tight, and where what is cut by mistake is heard again soon.
    """
    names = [normalized(word.text) for word in words]
    for start in range(len(names)):
        for period in range(1, len(names) - start):
            copy = names[start + period : -1]
            least = _BEGUN_WORDS if begun else max(period, _ECHO_WORDS) - 1
            if len(copy) >= least and copy == names[start : -1 - period]:
                return tuple(words[: start + period])
    return tuple(words)


def once(hypothesis: Hypothesis, spoken_ms: int) -> Hypothesis:
    """Return the hypothesis with each thing said once: copies that took no time are cut off.

    A loop that hit the cap is no longer called one when its first pass reaches the end of the
    speech, ``spoken_ms`` into the audio: alignment finds the sound of that pass, and nothing is
    missing. Otherwise it may have gone astray half-way, and deserves another decoding.
    """
    words = _first_pass(hypothesis)
    if len(words) == len(hypothesis.words):
        return hypothesis
    end_ms = words[-1].end_ms if words else None
    reached = end_ms is not None and end_ms >= spoken_ms - _REACH_MS
    return dataclasses.replace(
        with_words(hypothesis, words), looped=hypothesis.looped and not reached
    )


def with_words(hypothesis: Hypothesis, words: tuple[Word, ...]) -> Hypothesis:
    """Return the hypothesis with only these words, and the text they make."""
    text = "".join(word.text for word in words).strip()
    return dataclasses.replace(hypothesis, words=words, text=text)


def _first_pass(hypothesis: Hypothesis, *, begun: bool = False) -> tuple[Word, ...]:
    """The words without what fills a cap, and without a copy that takes no time."""
    words = hypothesis.words
    return without_echo(without_tail(words, begun=begun) if hypothesis.looped else words)


def showable(hypothesis: Hypothesis) -> tuple[Word, ...]:
    """Return the words of a partial's hypothesis that are worth showing; none if nothing is.

    A partial is gone in half a second, so it gets no second decoding: of a loop its first pass is
    kept, and half a word at a segment's start may be a guess.
    """
    if hypothesis.average_logprob < _GUESS_LOGPROB or not_speech(hypothesis) == "no_speech":
        return ()
    words = _first_pass(hypothesis, begun=True)
    return () if loops(words) else words


def without_loop(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words up to where they begin to repeat themselves.

    The last resort for a loop that the padded window didn't cure: what was said once is kept.
    """
    names = [normalized(word.text) for word in words]
    for i in range(len(names)):
        for period in range(1, (len(names) - i) // _LOOP_TIMES + 1):
            unit = names[i : i + period]
            times = 1
            while names[i + times * period : i + (times + 1) * period] == unit:
                times += 1
            enough = times >= _LOOP_TIMES and times * period >= _LOOP_WORDS + 2
            if enough:
                return tuple(words[: i + period])
    return tuple(words)
