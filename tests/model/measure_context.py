"""Measures what ``docs/context.md`` says, over the recordings, with the embedded model.

``python -m tests.model.measure_context names``: names that are misspelt without hot words and with
them, and what hot words do to everything else. ``echoes``: how often text of the context was taken
for an echo of it, where it was said (the recording's own text as prompt) and where it was not
(sounds without speech). Both write Markdown; neither needs a server.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from unittest.mock import patch

from load.decode import read_audio
from load.manifest import Recording
from load.wer import ErrorCount, count_errors
from streaming.decoding import Hypothesis
from streaming.echo import Suspicion, heard_again, suspect
from streaming.engine.whisper import WhisperEngine
from streaming.models import resolve
from streaming.options import SessionConfig
from streaming.stabilizer import normalized
from tests.model.names import EVERY_NAME, invented, names_in, recalled
from tests.support.listening import Heard, Samples, listen
from tests.support.recordings import embedded_model, recordings

_PROMPT = "A talk with Claflin and Wentworth about Kowloon, and what Del Potro said of Gutenberg."


def main(arguments: Sequence[str]) -> int:
    """Measure one of the two."""
    parser = argparse.ArgumentParser(prog="python -m tests.model.measure_context")
    parser.add_argument("what", choices=("names", "echoes"))
    parser.add_argument("--beam", type=int, default=1, help="of finals")
    asked = parser.parse_args(arguments)
    files = resolve(embedded_model(), offline=True)
    measure = _Measure(WhisperEngine(files.path, name=files.name), asked.beam)
    for row in measure.names() if asked.what == "names" else measure.echoes():
        sys.stdout.write(f"| {' | '.join(row)} |\n")
        sys.stdout.flush()
    return 0


class _Measure:
    def __init__(self, engine: WhisperEngine, beam: int) -> None:
        self._engine = engine
        self._beam = beam
        spoken = [r for r in recordings() if r.texts[0]]
        self._named = [r for r in spoken if names_in(r)]
        self._others = [r for r in spoken if r.language == "en" and not names_in(r)]
        self._sounds = [r for r in recordings() if not r.is_speech]

    def _hear(self, recording: Recording, prompt: str = "", hotwords: Sequence[str] = ()) -> Heard:
        samples: Samples = read_audio(recording.path, 16_000)[0]
        config = SessionConfig(
            language=recording.language or "en",
            partials=False,
            prompt=prompt,
            hotwords=tuple(hotwords),
        )
        return listen(self._engine, samples, config, beam=self._beam)

    # -- names ---------------------------------------------------------------------------------

    def names(self) -> Iterator[list[str]]:
        """A line for each name, then the sums of each way to ask for them."""
        ways = ("without", "its own", f"all {len(EVERY_NAME)}")
        found: dict[str, dict[str, str]] = {}
        sums = []
        for way in ways:
            right = said = extra = 0
            errors = ErrorCount()
            for recording in self._named:
                hotwords = {ways[0]: (), ways[1]: names_in(recording)}.get(way, EVERY_NAME)
                text = self._hear(recording, hotwords=hotwords).text
                for name, (times, of) in recalled(recording, text).items():
                    found.setdefault(f"{name} ({recording.language})", {})[way] = f"{times}/{of}"
                    right, said = right + times, said + of
                extra += invented(recording, text, EVERY_NAME)
                errors += _but_names(recording, text)
            sums.append(
                [f"recordings with names, {way}", f"{right}/{said}", *_rate(errors), str(extra)]
            )
        for way in (ways[0], ways[2]):
            hotwords = EVERY_NAME if way == ways[2] else ()
            errors, extra = ErrorCount(), 0
            for recording in self._others:
                text = self._hear(recording, hotwords=hotwords).text
                errors += count_errors([recording.texts[0] or ""], [text], "en")
                extra += invented(recording, text, EVERY_NAME)
            sums.append([f"English without names, {way}", "–", *_rate(errors), str(extra)])
        yield ["name", *ways]
        yield ["---"] * 4
        for name, by_way in found.items():
            yield [name, *(by_way[way] for way in ways)]
        yield ["", "", "", ""]
        yield ["recordings", "names", "other errors", "%", "names never said"]
        yield ["---"] * 5
        yield from sums

    # -- echoes --------------------------------------------------------------------------------

    def echoes(self) -> Iterator[list[str]]:
        """What was suspected, and what became of it."""
        yield ["context", "finals", "suspected", "judged an echo", "suppressed", "errors", "%"]
        yield ["---"] * 7
        spoken = [r for r in self._named + self._others if r.language == "en"]
        yield self._row("none", spoken, lambda r: ("", ()))
        yield self._row("its own text", spoken, lambda r: (r.texts[0] or "", ()))
        yield self._row("its longest words", spoken, lambda r: ("", _longest(r)))
        yield self._row("names of others", spoken, lambda r: ("", EVERY_NAME))
        yield self._row("a prompt of others", spoken, lambda r: (_PROMPT, ()))
        yield self._row("sounds, names", self._sounds, lambda r: ("", EVERY_NAME))
        yield self._row("sounds, a prompt", self._sounds, lambda r: (_PROMPT, ()))

    def _row(self, name, chosen, context) -> list[str]:  # type: ignore[no-untyped-def]
        suspected: list[Suspicion] = []
        echoes: list[str] = []

        def note_suspect(
            hypothesis: Hypothesis, prompt: str, hotwords: Sequence[str]
        ) -> Suspicion | None:
            suspicion = suspect(hypothesis, prompt, hotwords)
            suspected.extend([suspicion] if suspicion else [])
            return suspicion

        def note_heard(suspicion: Suspicion, bare: Hypothesis) -> bool:
            heard = heard_again(suspicion, bare)
            if not heard:
                echoes.append(f"{suspicion.hypothesis.text!r} -> {bare.text!r}")
            return heard

        finals = suppressed = 0
        errors = ErrorCount()
        with (
            patch("streaming.segment.suspect", note_suspect),
            patch("streaming.segment.heard_again", note_heard),
        ):
            for recording in chosen:
                heard = self._hear(recording, *context(recording))
                finals += len(heard.finals)
                suppressed += sum(one.reason == "prompt_echo" for one in heard.suppressed)
                errors += count_errors([recording.texts[0] or ""], [heard.text], "en")
        sys.stderr.write("".join(f"{name}: {line}\n" for line in echoes))
        numbers = (finals, len(suspected), len(echoes), suppressed)
        return [name, *map(str, numbers), *_rate(errors)]


def _longest(recording: Recording) -> tuple[str, ...]:
    """The twelve longest words of a recording, in their order."""
    words = list(dict.fromkeys(map(normalized, recording.words)))
    kept = set(sorted(words, key=len)[-12:])
    return tuple(word for word in words if word in kept)


def _but_names(recording: Recording, text: str) -> ErrorCount:
    """The errors without those in names."""
    parts = {normalized(part) for name in names_in(recording) for part in name.split()}
    wanted = " ".join(word for word in recording.words if normalized(word) not in parts)
    got = " ".join(word for word in text.split() if normalized(word) not in parts)
    return count_errors([wanted], [got], recording.language)


def _rate(errors: ErrorCount) -> tuple[str, str]:
    if errors.rate is None:
        return f"{errors.insertions}", "–"
    return f"{errors.errors} of {errors.tokens}", f"{100 * errors.rate:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
