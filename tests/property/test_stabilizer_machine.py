"""A stabiliser driven as a segment drives it, over a truth it hears more and less well.

The machine speaks a growing truth, hears it through a window with the errors that engines make
(a word misheard, left out, doubled, split; a hypothesis from nowhere), moves the window on behind
committed words, and checks what may never happen: committed text taken back, a word committed that
two hypotheses in a row did not hold, text that is not the two parts joined.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from streaming.decoding import Word
from streaming.stabilizer import Stabilizer, held_back, normalized
from tests.support.effort import effort

_SCRIPTS = (" w{}", " W{},", " слово{}", " ก{}", "字{}", " é{}.", " e\u0301{}", " 'n{}")


class StabilizerMachine(RuleBasedStateMachine):
    """One segment's life."""

    @initialize(script=st.sampled_from(_SCRIPTS))
    def begin(self, script: str) -> None:
        self.script = script
        self.stabilizer = Stabilizer()
        self.truth: list[str] = []
        self.window = 0
        self.text = ""
        self.count = 0
        self.last: list[str] = []
        self.clean = True

    @rule(count=st.integers(1, 4))
    def speak(self, count: int) -> None:
        self.truth += [self.script.format(len(self.truth) + i) for i in range(count)]

    @rule()
    def hear(self) -> None:
        self._update(self.truth[self.window :])

    @precondition(lambda self: len(self.truth) > self.window)
    @rule(data=st.data(), how=st.sampled_from(["other", "gone", "twice", "split", "cut"]))
    def mishear(self, data: st.DataObject, how: str) -> None:
        words = self.truth[self.window :]
        at = data.draw(st.integers(0, len(words) - 1))
        word = words[at]
        match how:
            case "other":
                words[at] = f" x{at}"
            case "gone":
                del words[at]
            case "twice":
                words.insert(at, word)
            case "split":
                words[at : at + 1] = [word[: len(word) // 2 + 1], word[len(word) // 2 + 1 :] or "s"]
            case "cut":
                del words[at:]
        self.clean = False
        self._update(words)

    @rule(words=st.lists(st.text(max_size=3).map(lambda text: " " + text), max_size=6))
    def dream(self, words: list[str]) -> None:
        """A hypothesis that has nothing to do with what was said."""
        self.clean = False
        self._update(words)

    @precondition(lambda self: self.clean and self.count - self.window > 1)
    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        """The window leaves committed words behind; one stays as an anchor."""
        self.window = data.draw(st.integers(self.window, self.count - 1))
        self.stabilizer.hide(self.window)

    @rule(count=st.integers(0, 50))
    def hide_too_much(self, count: int) -> None:
        """Whoever asks for more than there is gets what there is."""
        before = self.stabilizer.hidden
        if self.clean and count > self.window:
            return  # the machine's own window would no longer be the stabiliser's
        self.stabilizer.hide(count)
        assert before <= self.stabilizer.hidden <= len(self.stabilizer.committed)

    def _update(self, texts: list[str]) -> None:
        words = [Word(text) for text in texts]
        stable = self.stabilizer.update(words)
        assert stable == self.stabilizer.stable
        assert stable.committed.startswith(self.text), "committed text was taken back"
        committed = self.stabilizer.committed
        assert len(committed) >= self.count
        heard = {normalized(text) for text in texts}
        fresh = {normalized(word.text) for word in committed[self.count :]}
        before = {normalized(text) for text in self.last}
        assert fresh <= heard & before, "committed without two hypotheses that agree"
        self.text, self.count, self.last = stable.committed, len(committed), texts
        if self.clean:
            whole = "".join(self.truth).lstrip()
            assert whole.startswith(stable.committed + stable.tentative)

    @invariant()
    def text_is_what_the_words_say(self) -> None:
        if not hasattr(self, "stabilizer"):
            return
        joined = "".join(word.text for word in self.stabilizer.committed).lstrip()
        assert self.stabilizer.stable.committed == joined
        assert self.stabilizer.hidden <= len(self.stabilizer.committed)

    @rule(confidences=st.lists(st.sampled_from([None, 0.0, 0.69, 0.7, 1.0]), max_size=5))
    def hold_back(self, confidences: list[float | None]) -> None:
        """Only from the end, at most two words, and only doubted ones begin it."""
        words = [Word(" w", confidence=each) for each in confidences]
        shown = held_back(words)
        assert list(shown) == words[: len(shown)]
        assert len(words) - len(shown) <= 2
        if len(shown) < len(words):
            first = words[len(shown)].confidence
            assert first is not None and first < 0.7

    def teardown(self) -> None:
        """Said clearly twice, everything that was said clearly throughout is committed."""
        if not hasattr(self, "stabilizer") or not self.clean:
            return
        self._update(self.truth[self.window :])
        self._update(self.truth[self.window :])
        assert self.stabilizer.stable.committed == "".join(self.truth).lstrip()


StabilizerMachine.TestCase.settings = settings(
    max_examples=60 * effort(), stateful_step_count=30, deadline=None
)
TestStabilizerMachine = StabilizerMachine.TestCase
