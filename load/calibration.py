"""``python -m load calibrate``: how far a model's confidences and word times can be trusted.

Plays recordings through the engine in this process, holds every word of the finals against the
references, and fits the weights that make confidences of the model's probabilities. Fitted weights
are judged on words that they were not fitted to: each set by those fitted to all the others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from load.diagram import reliability_diagram
from load.files import write
from load.fitting import fit, held_out
from load.latency import spoken_words
from load.manifest import Recording
from load.programme import Programme, single
from load.recorded import RecordedCommands
from load.rehearsal import Reasoned, Reasoning, hear
from load.reliability import JudgedWord, Reliability, judge, of_segments, of_words
from load.wire import WireFormat
from load.word_times import TimeErrors, end_errors, time_errors
from streaming.confidence import MEASURED, Calibration, expected_share
from streaming.decoding import Word
from streaming.engine.base import Engine
from streaming.engine.pauses import lead_of
from streaming.events import Final

SCHEMA = "wirescribe.load.calibration/1"


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one recording: its words, and how far their ends lie from the references'."""

    set: str
    words: tuple[JudgedWord, ...]
    end_errors_ms: tuple[float, ...]


def judge_programme(programme: Programme, finals: Sequence[Final]) -> Judged:
    """Holds the words of a programme's finals against its references, channel by channel."""
    words: list[JudgedWord] = []
    errors: list[float] = []
    for channel in range(programme.format.channels):
        said = programme.of_channel(channel)
        reference = " ".join(utterance.text or "" for utterance in said)
        heard = [
            (final.segment, word)
            for final in finals
            if final.channel == channel
            for word in final.words or ()
        ]
        verdicts = judge([word.text for _, word in heard], reference, programme.language)
        words += [
            _judged(programme, segment, word, right)
            for (segment, word), right in zip(heard, verdicts, strict=True)
            if right is not None and word.confidence is not None
        ]
        errors += end_errors(spoken_words(said), [word for _, word in heard])
    return Judged(programme.utterances[0].set, tuple(words), tuple(errors))


def _judged(programme: Programme, segment: int, word: Word, right: bool) -> JudgedWord:
    sure = word.confidence or 0.0
    return JudgedWord(
        set=programme.utterances[0].set,
        file=programme.name,
        segment=segment,
        confidence=float(sure),
        right=right,
        evidence=sure.evidence if isinstance(sure, Reasoned) else None,
    )


def share_right(words: Sequence[JudgedWord]) -> float:
    """A segment's confidence, as the server makes it of its words'."""
    return expected_share([Word("", confidence=word.confidence) for word in words], 0.0)


@dataclass(frozen=True, slots=True)
class Trust:
    """How good the confidences and times of one lot of recordings are."""

    words: Reliability
    segments: Reliability
    ends: TimeErrors | None


def trust(judged: Iterable[Judged]) -> Trust | None:
    """The figures of all recordings together; None where no word was heard."""
    those = list(judged)
    words = [word for one in those for word in one.words]
    if not words:
        return None
    return Trust(
        words=of_words(words),
        segments=of_segments(words, share_right),
        ends=time_errors([error for one in those for error in one.end_errors_ms]),
    )


def report(
    heard: dict[int, list[Judged]],
    current: Calibration,
    *,
    model: str,
    lead_ms: int,
    command: Sequence[str],
) -> dict[str, Any]:
    """Everything, for a file: by beam size, pooled and for each set; and the fitted weights."""
    words = [word for judged in heard.values() for one in judged for word in one.words]
    fitted = fit(words)
    return {
        "schema": SCHEMA,
        "command": list(command),
        "model": model,
        "calibration": asdict(current),
        "word_lead_ms": lead_ms,
        "fitted": asdict(fitted),
        "held_out": asdict(of_words(held_out(words))),
        "lots": [
            {"beam": beam, "set": name, **asdict(figures)}
            for beam, judged in heard.items()
            for name, lot in _lots(judged)
            if (figures := trust(lot)) is not None
        ],
    }


def _lots(judged: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    yield "all sets", list(judged)
    for name in dict.fromkeys(one.set for one in judged):
        yield name, [one for one in judged if one.set == name]


def text(report: dict[str, Any]) -> str:
    """The report for people."""
    head = "beam  set                 words  right  sure   ECE10  chance ECE15  Brier  AUC    "
    lines = [head + "| segments ECE10 | ends off by: median  p90  bias (ms)"]
    for lot in report["lots"]:
        words, ends = lot["words"], lot["ends"]
        auc = "  –  " if words["auc"] is None else f"{words['auc']:.3f}"
        times = (
            f"{ends['median']:6.0f} {ends['p90']:4.0f} {ends['bias']:+5.0f}" if ends else "     –"
        )
        lines.append(
            f"{lot['beam']:4}  {lot['set']:<18} {words['words']:6}  {words['right']:.3f}  "
            f"{words['confidence']:.3f}  {words['ece10']:.3f}  {words['chance10']:.3f}  "
            f"{words['ece15']:.3f}  {words['brier']:.3f}  {auc}  "
            f"| {lot['segments']['ece10']:14.3f} | {'':13}{times}"
        )
    fitted, out = report["fitted"], report["held_out"]
    weights = f"{fitted['own']:g}, {fitted['around']:g}, {fitted['offset']:g}"
    lines += [
        "",
        f"fitted to these words: {weights}; each set by the others' weights: "
        f"ECE {out['ece10']:.3f}, Brier {out['brier']:.3f}",
        f"to use them: [engine] calibration = [{weights}]",
    ]
    if (ends := report["lots"][0]["ends"]) is not None:
        lead_ms = report["word_lead_ms"]
        lines.append(
            f"with word_lead_ms = {lead_ms}; by these references it would be "
            f"{lead_ms - ends['bias']:.0f}, if they were made by ear or by another kind of model"
        )
    return "\n".join(lines)


def add_command(recorded: RecordedCommands) -> None:
    """Adds ``calibrate`` to the command line."""
    parser = recorded.add(
        "calibrate",
        _calibrate,
        help="how far a model's confidences and word times can be trusted; fits them",
    )
    parser.add_argument("--model-dir", type=Path, required=True, help="CTranslate2 Whisper model")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="(default: %(default)s)"
    )
    parser.add_argument("--compute-type", default="int8", help="(default: %(default)s)")
    parser.add_argument(
        "--beam", type=int, nargs="+", default=[1, 5], help="beam sizes; 1 is greedy (default: 1 5)"
    )
    parser.add_argument(
        "--calibration",
        type=float,
        nargs=3,
        default=[MEASURED.own, MEASURED.around, MEASURED.offset],
        metavar=("OWN", "AROUND", "OFFSET"),
        help="the weights to judge (default: those that ship)",
    )
    parser.add_argument(
        "--lead",
        type=int,
        metavar="MS",
        help="what word times are moved by (default: what is known of a model of that name)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole report there")
    parser.add_argument("--diagram", type=Path, metavar="SVG", help="draw the reliability diagram")


def _calibrate(
    arguments: argparse.Namespace, command: Sequence[str], recordings: list[Recording]
) -> int:
    spoken = [recording for recording in recordings if recording.is_speech]
    current = Calibration(*arguments.calibration)
    model = arguments.model_dir.name
    lead_ms = lead_of(model) if arguments.lead is None else arguments.lead
    engine = _engine(arguments, current, lead_ms)
    heard = {
        beam: [_hear(recording, engine, beam) for recording in spoken] for beam in arguments.beam
    }
    said = report(heard, current, model=model, lead_ms=lead_ms, command=command)
    write(arguments.json, json.dumps(said, indent=1))
    if arguments.diagram is not None:
        write(arguments.diagram, reliability_diagram(_panels(heard)))
    print(text(said))
    return 0


def _panels(heard: dict[int, list[Judged]]) -> dict[str, Reliability]:
    """Words by beam size: they are the same ones, so they can't be counted together."""
    figures = {beam: trust(judged) for beam, judged in heard.items()}
    panels = {f"words, {_search(beam)}": each.words for beam, each in figures.items() if each}
    last = next(((beam, each) for beam, each in reversed(figures.items()) if each), None)
    if last is not None:
        panels[f"segments, {_search(last[0])}"] = last[1].segments
    return panels


def _search(beam: int) -> str:
    return "greedy" if beam == 1 else f"beam {beam}"


def _hear(recording: Recording, engine: Engine, beam: int) -> Judged:
    programme = single(recording, WireFormat())
    return judge_programme(programme, hear(programme, engine, beam=beam))


def _engine(arguments: argparse.Namespace, calibration: Calibration, lead_ms: int) -> Engine:
    from streaming.engine.whisper import WhisperEngine  # loads the model libraries

    return WhisperEngine(
        arguments.model_dir,
        name=arguments.model_dir.name,
        device=arguments.device,
        compute_type=arguments.compute_type,
        calibration=Reasoning(calibration.own, calibration.around, calibration.offset),
        lead_ms=lead_ms,
    )
