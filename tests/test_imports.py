"""The house's one rule, that imports point inwards; and that every room has been looked at."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "streaming"

# From the inside out: what stands in a layer may import its own layer and those before it.
LAYERS = ("core", "policy", "runtime", "edge")
LAYER = {
    "answers": "core",
    "audio": "core",
    "captions": "core",
    "channel": "core",
    "confidence": "core",
    "decoding": "core",
    "endpointing": "core",
    "decision": "core",
    "echo": "core",
    "errors": "core",
    "events": "core",
    "finals": "policy",
    "language": "core",
    "lead": "core",
    "options": "core",
    "partials": "core",
    "quality": "core",
    "said": "core",
    "segment": "core",
    "segmenter": "core",
    "sentences": "core",
    "session": "core",
    "stabilizer": "core",
    "stock": "core",
    "vad": "core",
    "window": "core",
    "auth": "policy",
    "lifecycle": "policy",
    "limits": "policy",
    "parking": "policy",
    "folders": "policy",
    "principal": "policy",
    "quotas": "policy",
    "settings": "policy",
    "sources": "policy",
    "transcripts": "policy",
    "waiting": "policy",
    "admission": "runtime",
    "batching": "runtime",
    "doorway": "runtime",
    "complaints": "runtime",
    "engine": "runtime",
    "engine_room": "runtime",
    "faults": "runtime",
    "file_metrics": "runtime",
    "gauges": "runtime",
    "headroom": "runtime",
    "heap": "runtime",
    "heartbeat": "runtime",
    "logs": "runtime",
    "media": "runtime",
    "metered": "runtime",
    "metrics": "runtime",
    "models": "runtime",
    "room": "runtime",
    "rows": "runtime",
    "scheduler": "runtime",
    "service": "runtime",
    "station": "runtime",
    "supervisor": "runtime",
    "threads": "runtime",
    "transcriber": "runtime",
    "vitals": "runtime",
    "warmup": "runtime",
    "worker": "runtime",
    "access": "edge",
    "app": "edge",
    "cli": "edge",
    "health": "edge",
    "opening": "edge",
    "rest": "edge",
    "serve": "edge",
    "sessions": "edge",
    "transports": "edge",
    "vosk_port": "edge",
}
# Clients are programs of their own: they share nothing with the server but the protocol. The
# command line is another of them, and hears the same microphone.
APART = "client"

# The core neither waits, nor tells the time, nor knows a wire format, nor writes a log.
NOT_IN_THE_CORE = frozenset(
    {
        "asyncio", "concurrent", "datetime", "http", "json", "logging", "multiprocessing", "queue",
        "random", "secrets", "select", "signal", "socket", "subprocess", "threading", "time",
        "urllib", "pydantic", "rich", "starlette", "structlog", "uvicorn", "websockets",
    }
)  # fmt: skip

# A library that is one module's business. The device probe only counts GPUs and their precisions.
ONLY_IN = {
    "ctranslate2": {"streaming.engine.whisper", "streaming.engine.device"},
    "faster_whisper": {"streaming.engine.whisper"},
    "huggingface_hub": {"streaming.models.hub"},
    "pynvml": {"streaming.engine.cuda"},
    "structlog": {"streaming.logs"},
    "webrtcvad": {"streaming.vad"},
    "onnxruntime": {"streaming.vad"},
    "prometheus_client": {
        "streaming.metrics",
        "streaming.gauges",
        "streaming.file_metrics",
    },
}

# Modules without a test module of their own name: where they are tested instead, and why.
COVERED_ELSEWHERE = {
    "streaming.app": ("tests/integration/test_opening.py", "routes show in a running server"),
    "streaming.cli.engine": ("tests/unit/cli/test_transcribe.py", "one call of the commands"),
    "streaming.cli.errors": ("tests/unit/cli/test_main.py", "the texts that commands end with"),
    "streaming.cli.fetching": ("tests/unit/cli/test_models.py", "the bar of `models fetch`"),
    "streaming.cli.follow": ("tests/unit/cli/test_transcribe.py", "the commands' loop"),
    "streaming.cli.formats": ("tests/unit/cli/test_outputs.py", "an enumeration"),
    "streaming.cli.interrupts": ("tests/integration/test_newcomer_files.py", "needs a signal"),
    "streaming.cli.listening": ("tests/unit/cli/test_listen.py", "the body of `listen`"),
    "streaming.cli.options": ("tests/unit/cli/test_main.py", "the flags of all commands"),
    "streaming.cli.recordings": ("tests/unit/cli/test_transcribe.py", "several files at once"),
    "streaming.cli.sound": ("tests/unit/cli/test_transcribe.py", "files to sessions"),
    "streaming.cli.transcript": ("tests/unit/cli/test_outputs.py", "what is written to files"),
    "streaming.client.carrier": ("tests/unit/client/test_stream.py", "real loopback sockets"),
    "streaming.client.connection": ("tests/unit/client/test_stream.py", "real loopback sockets"),
    "streaming.client.events": ("tests/unit/client/test_protocol.py", "plain data"),
    "streaming.client.exchange": ("tests/unit/client/test_stream.py", "real loopback sockets"),
    "streaming.client.fields": ("tests/unit/client/test_protocol.py", "readers of one field"),
    "streaming.client.options": ("tests/unit/client/test_protocol.py", "plain data"),
    "streaming.engine.base": ("tests/unit/engine/test_fake.py", "a protocol without code"),
    "streaming.engine.contract": ("tests/unit/engine/test_whisper.py", "read when it is loaded"),
    "streaming.engine.faults": ("tests/unit/engine/test_whisper.py", "raised on loading"),
    "streaming.file_metrics": ("tests/integration/test_jobs.py", "counted by who serves"),
    "streaming.faults": ("tests/unit/test_worker.py", "a protocol, and who counts nothing"),
    "streaming.media.confine": ("tests/unit/media/test_file.py", "the limits of both processes"),
    "streaming.media.live.base": ("tests/unit/media/live/test_fake.py", "plain data, a protocol"),
    "streaming.media.live.frames": (
        "tests/unit/media/live/test_worker.py", "one step of the process",
    ),
    "streaming.media.base": ("tests/unit/media/test_file.py", "what both kinds of media share"),
    "streaming.media.frames": ("tests/unit/media/test_decoder.py", "one step of the decoder"),
    "streaming.media.messages": ("tests/unit/media/test_file.py", "the worker's pipe"),
    "streaming.media.sound": ("tests/unit/cli/test_transcribe.py", "files to sessions"),
    "streaming.media.worker": ("tests/unit/media/test_file.py", "runs in a process of its own"),
    "streaming.models.embedded_fetcher": (
        "tests/unit/models/test_embedded_model.py", "assembles the embedded model",
    ),
    "streaming.models.errors": ("tests/unit/models/test_library.py", "raised by the library"),
    "streaming.models.hub_fetcher": ("tests/unit/models/test_hub.py", "drives the hub's library"),
    "streaming.rest.answer": (
        "tests/integration/test_openai_rest.py", "an answer over a real socket",
    ),
    "streaming.rest.decode": (
        "tests/integration/test_openai_rest.py", "recordings to sessions",
    ),
    "streaming.rest.desk": (
        "tests/integration/test_openai_rest.py", "who is let in, leaves or is sent away",
    ),
    "streaming.rest.errors": (
        "tests/integration/test_openai_rest.py", "OpenAI's client reads them",
    ),
    "streaming.rest.files": (
        "tests/integration/test_openai_rest.py", "what the routes share",
    ),
    "streaming.rest.jobs.errors": (
        "tests/integration/test_jobs.py", "a client reads them",
    ),
    "streaming.rest.jobs.jobs": (
        "tests/integration/test_jobs.py", "what is put together there",
    ),
    "streaming.rest.jobs.messenger": (
        "tests/integration/test_job_webhooks.py", "webhooks to a real listener",
    ),
    "streaming.rest.jobs.post": (
        "tests/integration/test_job_webhooks.py", "requests to a real listener",
    ),
    "streaming.rest.jobs.routes": (
        "tests/integration/test_jobs.py", "asked over a real socket",
    ),
    "streaming.rest.jobs.runner": (
        "tests/integration/test_jobs.py", "jobs from hand-in to text, and over a restart",
    ),
    "streaming.rest.jobs.shelf": (
        "tests/integration/test_jobs.py", "bounds, owners and what survives",
    ),
    "streaming.rest.jobs.submission": (
        "tests/integration/test_jobs.py", "fields as a client sends them",
    ),
    "streaming.rest.jobs.view": (
        "tests/integration/test_jobs.py", "what a client is shown",
    ),
    "streaming.rest.models": (
        "tests/integration/test_openai_rest.py", "the list of models",
    ),
    "streaming.rest.openai": (
        "tests/integration/test_openai_rest.py", "the routes, asked by OpenAI's client",
    ),
    "streaming.rest.openai_fields": (
        "tests/integration/test_openai_rest.py", "fields as OpenAI's client sends them",
    ),
    "streaming.rest.openai_replies": (
        "tests/integration/test_openai_rest.py", "answers as OpenAI's client reads them",
    ),
    "streaming.rest.progress": (
        "tests/integration/test_openai_rest.py", "events that OpenAI's client passes over",
    ),
    "streaming.rest.deepgram": (
        "tests/integration/test_deepgram.py", "what Deepgram's package is answered",
    ),
    "streaming.transports.deepgram_configure": (
        "tests/unit/transports/test_deepgram.py", "one message of the dialect",
    ),
    "streaming.transports.deepgram_results": (
        "tests/unit/transports/test_deepgram.py", "what the dialect writes",
    ),
    "streaming.serve": ("tests/integration/test_process.py", "needs a process and signals"),
    "streaming.settings.admission": ("tests/unit/test_sources.py", "plain data"),
    "streaming.settings.captions": ("tests/unit/test_sessions.py", "values alone"),
    "streaming.settings.endpointing": ("tests/unit/test_sources.py", "plain data"),
    "streaming.settings.engine": ("tests/unit/test_sources.py", "plain data, read by all sources"),
    "streaming.settings.files": ("tests/unit/test_sources.py", "plain data"),
    "streaming.settings.jobs": ("tests/unit/rest/jobs/test_signing.py", "values, and a secret"),
    "streaming.settings.limits": ("tests/unit/test_sources.py", "plain data"),
    "streaming.settings.partials": ("tests/unit/test_sources.py", "plain data"),
    "streaming.settings.section": ("tests/unit/test_sources.py", "what sections share"),
    "streaming.settings.server": ("tests/unit/test_sources.py", "plain data"),
    "streaming.settings.vad": ("tests/unit/test_sources.py", "plain data"),
    "streaming.transports.codec": ("tests/unit/transports/test_native.py", "plain data"),
    "streaming.transports.connection": (
        "tests/integration/test_requests.py", "needs a real socket",
    ),
    "streaming.transports.openai_realtime.doors": (
        "tests/integration/test_openai_realtime.py", "routes, asked by OpenAI's own client",
    ),
    "streaming.transports.reception": (
        "tests/integration/test_admission.py", "the steps of a handshake over a real socket",
    ),
    "streaming.transports.writer": (
        "tests/unit/transports/test_connection.py", "what a connection does with its socket",
    ),
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; a package is its ``__init__``."""
    out = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        out[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return out


MODULES = modules()


@cache
def imports(module: str) -> frozenset[str]:
    """What a module imports anywhere in it, functions and type checking included."""
    return frozenset(_imports(ast.parse(MODULES[module].read_text(encoding="utf-8"))))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            name = node.module or ""
            for alias in node.names:
                whole = f"{name}.{alias.name}"
                yield whole if whole in MODULES else name
        elif isinstance(node, ast.Call) and _is_import_call(node) and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def _is_import_call(node: ast.Call) -> bool:
    """``importlib.import_module("x")`` and ``__import__("x")`` are imports as well."""
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.attr == "import_module"
    return isinstance(called, ast.Name) and called.id in ("import_module", "__import__")


def room(module: str) -> str | None:
    """The part of the house: what stands behind ``streaming.``; None for ``streaming`` itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def layer(module: str) -> int:
    name = room(module)
    if name is None:  # the package itself holds nothing but its version
        return 0
    return LAYERS.index(LAYER[name])


def own(module: str) -> set[str]:
    """The modules of the package that a module imports."""
    return {name for name in imports(module) if name.split(".")[0] == "streaming"}


def test_the_picture_in_the_docs_shows_the_layers() -> None:
    picture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    layer = ""
    shown: dict[str, str] = {}
    for line in picture.splitlines():
        words = line.replace("·", " ").replace("/", "").split()
        if words and words[0] in LAYERS:
            layer = words.pop(0)
        shown |= {word: layer for word in words if word not in ("↓", "server.py")}
    assert shown == LAYER


def test_every_room_has_its_layer() -> None:
    rooms = {room(module) for module in MODULES} - {None, APART}
    assert rooms == set(LAYER)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_inwards(module: str) -> None:
    if room(module) == APART:
        outside = {name for name in own(module) if room(name) not in (APART, None)}
    else:
        outside = {
            name
            for name in own(module)
            if (room(name) == APART and room(module) != "cli")
            or (room(name) != APART and layer(name) > layer(module))
        }
    assert not outside, f"{module} imports {sorted(outside)}, which lie further out"


CORE = [module for module in MODULES if LAYER.get(room(module) or "") == "core"]


@pytest.mark.parametrize("module", CORE)
def test_the_core_is_pure(module: str) -> None:
    used = {name.split(".")[0] for name in imports(module)}
    assert not used & NOT_IN_THE_CORE


def test_the_core_has_no_circles() -> None:
    graph = {module: own(module) & set(CORE) - {module} for module in CORE}
    while free := [module for module, uses in graph.items() if not uses]:
        for module in free:
            del graph[module]
        for uses in graph.values():
            uses.difference_update(free)
    assert not graph, f"these import each other: {sorted(graph)}"


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_one_modules_business(library: str) -> None:
    users = {
        module
        for module in MODULES
        if any(name.split(".")[0] == library for name in imports(module))
    }
    assert users == ONLY_IN[library]


def test_only_what_is_installed_is_imported() -> None:
    """The project's dependencies, by the names they are imported by."""
    known = {
        "av", "ctranslate2", "faster_whisper", "filelock", "h11", "huggingface_hub", "numpy",
        "onnxruntime", "prometheus_client", "pydantic", "pynvml", "python_multipart", "redis",
        "rich", "sounddevice", "starlette", "structlog", "tokenizers", "uvicorn", "webrtcvad",
        "websockets",
    }  # fmt: skip
    used = {name.split(".")[0] for module in MODULES for name in imports(module)}
    assert used - sys.stdlib_module_names - {"streaming"} <= known


def test_the_client_needs_websockets_alone() -> None:
    """What else it can use it imports where it is asked for, and says what to install."""
    clients = [module for module in MODULES if room(module) == APART]
    used = {name.split(".")[0] for module in clients for name in imports(module)}
    optional = {"av", "sounddevice"}
    assert used - sys.stdlib_module_names - optional == {"streaming", "websockets"}


def _unit_test(module: str) -> Path:
    *folders, name = module.split(".")[1:]
    return ROOT.joinpath("tests", "unit", *folders, f"test_{name}.py")


@pytest.mark.parametrize(
    "module",
    [name for name, path in MODULES.items() if path.stem not in ("__init__", "__main__")],
)
def test_every_module_has_its_tests(module: str) -> None:
    """In ``tests/unit`` under its own name, or, for a reason, elsewhere."""
    own_tests = _unit_test(module)
    if module in COVERED_ELSEWHERE:
        where, reason = COVERED_ELSEWHERE[module]
        assert (ROOT / where).is_file(), f"{where}, where {module} is tested, is gone"
        assert reason
    else:
        assert own_tests.is_file(), f"{own_tests.relative_to(ROOT)} is missing"


def test_no_module_that_is_gone_is_said_to_be_tested() -> None:
    assert set(COVERED_ELSEWHERE) <= set(MODULES)
