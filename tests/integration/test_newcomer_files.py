"""The files that set a machine up: locks, scripts, images. Read and linted, nothing is built."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("runtime", "gpu", "mic", "eval", "dev", "build")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name: str) -> list[tuple[Requirement, int]]:
    """The entries of a lock file with the number of their hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    lines = text.replace("\\\n", " ").splitlines()
    entries = [line for line in lines if line.strip() and not line.startswith("#")]
    return [
        (Requirement(line.split("--hash")[0]), line.count("--hash=sha256:")) for line in entries
    ]


def asked_for(name: str) -> list[Requirement]:
    """What pyproject.toml wants in that lock file."""
    if name == "build":
        return [Requirement(each) for each in PROJECT["build-system"]["requires"]]
    wanted = list(PROJECT["project"]["dependencies"])
    wanted += PROJECT["project"]["optional-dependencies"]["server"]
    wanted += PROJECT["project"]["optional-dependencies"].get(name, [])
    wanted += PROJECT["dependency-groups"].get(name, [])
    return [Requirement(each) for each in wanted]


@pytest.mark.parametrize("name", LOCKS)
def test_every_dependency_is_locked_in_a_version_that_fits(name: str) -> None:
    versions = {
        (canonicalize_name(entry.name), next(iter(entry.specifier)).version)
        for entry, _ in locked(name)
    }
    for wanted in asked_for(name):
        fits = [
            version
            for project, version in versions
            if project == canonicalize_name(wanted.name)
            and wanted.specifier.contains(version, prereleases=True)
        ]
        assert fits, f"{wanted} is not in requirements/{name}.txt: run make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_is_one_version_held_by_hashes(name: str) -> None:
    for entry, hashes in locked(name):
        assert [each.operator for each in entry.specifier] == ["=="], entry
        assert entry.url is None
        assert hashes > 0, entry


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_index_or_a_machine(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|file:|(^|\s)/\w", text)


@pytest.mark.parametrize("name", [name for name in LOCKS if name != "build"])
def test_every_lock_holds_the_runtime_in_the_same_versions(name: str) -> None:
    assert {str(entry) for entry, _ in locked("runtime")} <= {str(e) for e, _ in locked(name)}


def tool(name: str) -> str:
    """A linter of the development environment."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed in this environment (make setup installs it)")
    return found


def lint(*command: str) -> None:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_shell_scripts_are_clean() -> None:
    scripts = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scripts").glob("*.sh"))
    lint(tool("shellcheck"), ".ci/run", *scripts)


def test_the_dockerfile_is_clean() -> None:
    lint(tool("hadolint"), "--no-color", "--config", ".hadolint.yaml", "Dockerfile")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    lines = [line.strip() for line in re.sub(r"\\\n\s*", " ", kept).splitlines() if line.strip()]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def rest_of(instruction: str) -> list[str]:
    return [rest.strip() for word, rest in instructions() if word == instruction]


def test_there_are_two_targets_and_the_default_is_the_cpu() -> None:
    stages = [rest.split(" AS ")[1] for rest in rest_of("FROM")]
    assert {"cpu", "gpu"} <= set(stages)
    assert stages[-1] == "cpu"


def test_the_server_is_the_first_process_and_nobody_in_particular() -> None:
    assert [json.loads(each) for each in rest_of("ENTRYPOINT")] == [["wirescribe"]]
    assert [json.loads(each) for each in rest_of("CMD")] == [["serve"]]
    assert rest_of("STOPSIGNAL") == ["SIGTERM"]
    assert rest_of("USER") == ["10001:10001"]
    assert rest_of("VOLUME") == ["/models /jobs"]


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    shown = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    for copied in rest_of("COPY"):
        if copied.startswith("--from"):
            continue
        for source in copied.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in shown or f"{Path(source).parent}/*{Path(source).suffix}" in shown


def test_packages_are_installed_by_hash_alone() -> None:
    installs = [
        part.strip()
        for rest in rest_of("RUN")
        for part in rest.split("&&")
        if "pip install" in part
    ]
    assert len(installs) == 4
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install, install
        assert "--no-deps" in install, install


class Probe(http.server.BaseHTTPRequestHandler):
    status = 200
    paths: list[str]

    def do_GET(self) -> None:
        self.server.paths.append(self.path)  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def probed() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), Probe) as server:
        server.paths = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_follows_the_health_route(
    probed: http.server.HTTPServer, status: int, code: int
) -> None:
    (health,) = rest_of("HEALTHCHECK")
    _, program, source = json.loads(health.partition(" CMD ")[2])
    assert program == "-c"
    probed.status = status  # type: ignore[attr-defined]
    port = probed.server_address[1]
    environment = {
        "PATH": os.environ["PATH"],
        "WIRESCRIBE_SERVER__PORT": str(port),
        "http_proxy": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", source],
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, b"")
    assert probed.paths == ["/health"]  # type: ignore[attr-defined]


def test_compose_confines_both_services() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert set(services) == {"cpu", "gpu"}
    for name, service in services.items():
        assert service["build"]["target"] == name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert services["gpu"]["profiles"] == ["gpu"]
    (device,) = services["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_compose_waits_longer_than_the_server_drains() -> None:
    yaml = pytest.importorskip("yaml")
    from streaming.settings import ServerSettings

    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for service in services.values():
        grace_s = float(service["stop_grace_period"].removesuffix("s"))
        assert grace_s >= ServerSettings().drain_s + 10


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
