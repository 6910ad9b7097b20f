"""``wirescribe doctor``: whether this machine can do what the settings ask of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from streaming.cli.options import add_config_flags, add_engine_flags, settings_from

if TYPE_CHECKING:
    from rich.console import Console

    from streaming.cli.doctor.files import ExaminedModel
    from streaming.cli.doctor.finding import Finding
    from streaming.cli.doctor.report import Report
    from streaming.engine.device import DeviceChoice, DeviceProbe
    from streaming.settings import Settings

_DESCRIPTION = """\
Examine this machine with the settings in force: cores and memory, GPU, driver, cuBLAS and
precision, the libraries of sound, the port, who would come in, the models' files byte by byte.
Then load the model, time one batch of each kind, and estimate how many sessions that is. Nothing
is fetched or changed.

Exit status 1: there is a problem; each says what to do."""


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "doctor",
        help="examine this machine, and time one batch",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document")
    parser.add_argument(
        "--no-timing", action="store_true", help="don't load the model, only look at it"
    )
    add_engine_flags(parser)
    add_config_flags(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from streaming.cli.doctor import report
    from streaming.engine.device import DeviceProbe
    from streaming.logs import configure_logging

    settings = settings_from(arguments)
    configure_logging("ERROR", json=False)  # what it would warn of is found here, with advice
    errors, out = Console(stderr=True), Console(highlight=False)
    examination = Examination(settings, DeviceProbe(), errors, timing=not arguments.no_timing)
    topic = None
    for found in examination.findings():
        if not arguments.json:
            report.show_finding(out, found, heading=found.topic != topic)
        topic = found.topic
    examination.time()
    whole = examination.report
    if arguments.json:
        print(report.as_json(whole))
    else:
        report.show_timing(out, whole)
        report.show_sum(out, whole)
    return 1 if whole.problems else 0


class Examination:
    """One look at the machine: iterate :meth:`findings`, then :meth:`time`; both fill `report`."""

    def __init__(
        self, settings: Settings, probe: DeviceProbe, console: Console, *, timing: bool
    ) -> None:
        from streaming.cli.doctor.report import Report

        self.report: Report = Report()
        self._settings = settings
        self._probe = probe
        self._console = console
        self._timing = timing
        self._choice: DeviceChoice | None = None
        self._models: list[ExaminedModel] = []

    def findings(self) -> Iterator[Finding]:
        """Look at everything, one thing after the other."""
        for found in self._look():
            self.report.findings.append(found)
            yield found

    def _look(self) -> Iterator[Finding]:
        from streaming.auth.keyfile import default_keys_file
        from streaming.cli.doctor import accelerator, machine
        from streaming.cli.doctor.access import examine_access
        from streaming.cli.doctor.files import examine_disk
        from streaming.serve import listen

        engine = self._settings.engine
        yield machine.examine_python()
        yield from machine.examine_cpu(engine.workers)
        yield machine.examine_clock()
        examined = accelerator.examine(engine, self._probe)
        self._choice = examined.choice
        self._models = list(self._examine_models())
        shapes = [model.weights for model in self._models if model.weights is not None]
        if self._choice is not None and self._choice.device == "cpu":
            precision = self._choice.compute_type
            yield machine.examine_memory(sum(shape.weight_bytes(precision) for shape in shapes))
        yield from examined.findings
        if self._choice is not None:
            yield from accelerator.examine_memory(engine, self._choice, shapes, self._probe)
        yield from (model.finding for model in self._models)
        yield examine_disk(engine, sum(model.to_fetch_bytes for model in self._models))
        yield machine.examine_voice_detector()
        yield machine.examine_media()
        yield machine.examine_port(self._settings.server, listen)
        yield from examine_access(self._settings, default_keys_file())

    def _examine_models(self) -> Iterator[ExaminedModel]:
        from streaming.cli.doctor.files import examine_model
        from streaming.cli.fetching import FetchBar

        engine = self._settings.engine
        name = self._choice.model if self._choice else engine.model
        with FetchBar(self._console) as bar:
            if name != "auto":  # without a device there is no telling which
                yield examine_model(name, "model", engine, bar.report)
            if engine.partial_model:
                yield examine_model(engine.partial_model, "partial_model", engine, bar.report)

    def time(self) -> None:
        """Load the models as the server does and time one batch of each kind, if all is there."""
        from streaming.cli.doctor import batch
        from streaming.cli.doctor.finding import Finding, State
        from streaming.errors import WirescribeError

        self.report.skipped = self._reason_not_to()
        if self.report.skipped is not None:
            return
        engines: Sequence[Any] = ()
        try:
            with self._console.status("loading the model and timing it …"):
                from streaming.serve import engine_loader

                engines = engine_loader(self._settings.engine)()
                self.report.timings = batch.time_batches(engines[0])
                self.report.on_cpu = engines[0].info.device == "cpu"
        except WirescribeError as error:
            message = error.message.partition(": ")[2] or error.message
            reason, _, advice = message.partition(";")
            self.report.skipped = "the model can't be loaded"
            self.report.findings.append(
                Finding(
                    "one batch",
                    "loading",
                    State.PROBLEM,
                    reason,
                    advice.strip() or "fetch it again, or choose another; the log tells more",
                )
            )
            return
        finally:
            for engine in engines:
                engine.close()
        self.report.expected = batch.estimate(
            self.report.timings,
            workers=sum(engine.info.concurrency for engine in engines),
            partial_step_s=self._settings.partials.step_ms / 1000,
            on_cpu=self.report.on_cpu,
        )

    def _reason_not_to(self) -> str | None:
        if not self._timing:
            return "not asked for"
        if self._choice is None:
            return "there is no device to load the model on"
        if any(model.path is None for model in self._models):
            return "a model is not there, or not whole"
        memory = [found for found in self.report.problems if found.name == "memory"]
        return memory[0].says if memory else None
