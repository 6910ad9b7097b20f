"""The two newcomer commands, with programs that only note how they are called.

What they install and start for real is seen in CI, which begins with a fresh clone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("make") is None, reason="needs make and a POSIX shell"
)


def program(path: Path, body: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def fake_python(path: Path, version: str = "3.12.1", *, venv: bool = True, pip: int = 0) -> Path:
    """A Python that answers the scripts' questions and notes in ``calls`` what it is to do.

    ``-m venv`` makes an environment with a copy of itself; ``pip`` is what pip exits with.
    """
    new_enough = 0 if tuple(map(int, version.split(".")))[:2] >= (3, 11) else 1
    return program(
        path,
        f"""
case "$*" in
*python_version*) echo {version} ;;
*'import ensurepip, venv'*) exit {0 if venv else 1} ;;
*version_info*) exit {new_enough} ;;
'-m venv '*)
    echo "venv" >>calls
    for last; do :; done
    rm -rf "$last"; mkdir -p "$last/bin"; cp "$0" "$last/bin/python"
    ;;
'-m pip '*)
    echo "pip $*" | sed 's/.* install /install /' >>calls
    exit {pip}
    ;;
*) echo "python $*" >>calls ;;
esac""",
    )


def run(
    command: str, *arguments: str, cwd: Path, path: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that finds the programs of ``path`` first."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHON", "ARGS", "CI", "MAKEFLAGS", "MAKELEVEL"}
        and not name.startswith("WIRESCRIBE_")
    }
    return subprocess.run(
        [command, *arguments],
        cwd=cwd,
        env=inherited | {"PATH": f"{path}:/usr/bin:/bin"} | dict(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a clone as the commands read."""
    folder = tmp_path / "clone"
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def calls(clone: Path) -> list[str]:
    """What the fakes were asked to do since the last time."""
    notes = clone / "calls"
    lines = notes.read_text().splitlines() if notes.exists() else []
    notes.unlink(missing_ok=True)
    return lines


class TestFindPython:
    def find(
        self, bin_dir: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        # The machine's own Pythons stay out of sight; the script needs nothing but a shell.
        return subprocess.run(
            ["/bin/sh", str(ROOT / "scripts" / "find-python.sh")],
            env={"PATH": str(bin_dir)} | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_the_newest_of_the_usual_names_wins(self, bin_dir: Path) -> None:
        fake_python(bin_dir / "python3.11", "3.11.4")
        fake_python(bin_dir / "python3", "3.11.4")
        newest = fake_python(bin_dir / "python3.13", "3.13.0")
        assert self.find(bin_dir).stdout.strip() == str(newest)

    def test_a_shim_that_refuses_is_passed_over(self, bin_dir: Path) -> None:
        program(bin_dir / "python3.13", "echo 'command not found' >&2; exit 127")
        good = fake_python(bin_dir / "python3", "3.11.9")
        found = self.find(bin_dir)
        assert (found.stdout.strip(), found.stderr) == (str(good), "")

    def test_an_old_python_is_named_in_the_error(self, bin_dir: Path) -> None:
        fake_python(bin_dir / "python3", "3.9.18")
        found = self.find(bin_dir)
        assert found.returncode == 1
        assert "needs Python 3.11 or newer" in found.stderr
        assert "python3 is 3.9.18" in found.stderr

    def test_a_python_without_venv_says_what_to_install(self, bin_dir: Path) -> None:
        fake_python(bin_dir / "python3", "3.12.3", venv=False)
        found = self.find(bin_dir)
        assert found.returncode == 1
        assert "apt install python3-venv" in found.stderr

    def test_no_python_at_all(self, bin_dir: Path) -> None:
        found = self.find(bin_dir)
        assert found.returncode == 1
        assert "Found none." in found.stderr

    def test_the_users_choice_is_the_only_candidate(self, bin_dir: Path) -> None:
        fake_python(bin_dir / "python3.13", "3.13.0")
        chosen = fake_python(bin_dir / "mine", "3.12.0")
        assert self.find(bin_dir, {"PYTHON": str(chosen)}).stdout.strip() == str(chosen)
        old = fake_python(bin_dir / "old", "3.8.0")
        found = self.find(bin_dir, {"PYTHON": str(old)})
        assert (found.returncode, found.stdout) == (1, "")
        assert f"PYTHON={old} can't be used" in found.stderr


class TestSetup:
    def setup(
        self, clone: Path, bin_dir: Path, kind: str = "runtime"
    ) -> subprocess.CompletedProcess[str]:
        return run("sh", "scripts/setup.sh", kind, cwd=clone, path=bin_dir)

    @pytest.fixture(autouse=True)
    def python(self, bin_dir: Path) -> Path:
        return fake_python(bin_dir / "python3.13", "3.13.0")

    def test_everything_is_installed_by_hash_and_only_once(
        self, clone: Path, bin_dir: Path
    ) -> None:
        assert self.setup(clone, bin_dir).returncode == 0
        assert calls(clone) == [
            "venv",
            "install --no-deps --require-hashes --requirement requirements/build.txt "
            "--requirement requirements/runtime.txt",
            "install --quiet --no-deps --no-build-isolation --editable .",
        ]
        again = self.setup(clone, bin_dir)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
        assert calls(clone) == []

    def test_the_development_environment_serves_too(self, clone: Path, bin_dir: Path) -> None:
        self.setup(clone, bin_dir, "dev")
        assert "--requirement requirements/dev.txt" in calls(clone)[1]
        self.setup(clone, bin_dir, "runtime")
        assert calls(clone) == []

    def test_a_new_lock_file_is_installed_into_the_same_environment(
        self, clone: Path, bin_dir: Path
    ) -> None:
        self.setup(clone, bin_dir)
        calls(clone)
        with (clone / "requirements" / "runtime.txt").open("a") as lock:
            lock.write("# another version of something\n")
        self.setup(clone, bin_dir)
        assert [call.split()[0] for call in calls(clone)] == ["install", "install"]

    def test_a_folder_that_was_moved_gets_a_new_environment(
        self, clone: Path, bin_dir: Path
    ) -> None:
        self.setup(clone, bin_dir)
        moved = clone.rename(clone.with_name("moved"))
        calls(moved)
        self.setup(moved, bin_dir)
        assert calls(moved)[0] == "venv"

    def test_an_installation_that_failed_is_tried_again(
        self, clone: Path, bin_dir: Path, python: Path
    ) -> None:
        fake_python(python, "3.13.0", pip=1)
        assert self.setup(clone, bin_dir).returncode != 0
        calls(clone)
        fake_python(clone / ".venv" / "bin" / "python", "3.13.0")
        assert self.setup(clone, bin_dir).returncode == 0
        assert len(calls(clone)) == 2


class TestMake:
    def test_help_lists_every_target(self, clone: Path, bin_dir: Path) -> None:
        text = (clone / "Makefile").read_text()
        (phony,) = [line for line in text.splitlines() if line.startswith(".PHONY:")]
        shown = run("make", cwd=clone, path=bin_dir).stdout
        assert [line.split()[1] for line in shown.splitlines()] == phony.split()[1:]

    def test_serve_sets_up_fetches_the_model_and_becomes_the_server(
        self, clone: Path, bin_dir: Path
    ) -> None:
        shown = run("make", "-n", "serve", 'ARGS=--port "9000"', cwd=clone, path=bin_dir)
        assert shown.stdout.splitlines() == [
            "scripts/setup.sh runtime",
            "scripts/fetch-model.sh",
            'exec .venv/bin/python server.py --port "9000"',
        ]

    def test_ctrl_c_ends_the_server_without_noise(self, clone: Path, bin_dir: Path) -> None:
        fake_python(bin_dir / "python3.13", "3.13.0")
        run("sh", "scripts/setup.sh", "runtime", cwd=clone, path=bin_dir)
        program(clone / ".venv" / "bin" / "wirescribe", "exit 0")
        # As the server does: says so when it is up, ends with 0 on a signal.
        program(
            clone / ".venv" / "bin" / "python",
            "trap 'exit 0' INT TERM; echo \"up $*\"; while :; do sleep 0.05; done",
        )
        make = subprocess.Popen(
            ["make", "serve", "ARGS=--port 9000"],
            cwd=clone,
            env={"PATH": f"{bin_dir}:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with make:
            assert make.stdout is not None
            assert make.stdout.readline() == "up server.py --port 9000\n"
            os.killpg(make.pid, signal.SIGINT)
            assert make.stdout.read() == ""


class TestFetchModel:
    @pytest.fixture(autouse=True)
    def wirescribe(self, clone: Path) -> None:
        program(clone / ".venv" / "bin" / "wirescribe", 'echo "$*" >>calls')

    def fetch(self, clone: Path, bin_dir: Path, **env: str) -> list[str]:
        run("sh", "scripts/fetch-model.sh", cwd=clone, path=bin_dir, env=env)
        return calls(clone)

    def test_the_embedded_model_is_fetched_before_the_first_start_only(
        self, clone: Path, bin_dir: Path
    ) -> None:
        assert self.fetch(clone, bin_dir) == ["models fetch base"]
        assert self.fetch(clone, bin_dir) == []

    def test_another_cache_is_another_first_start(self, clone: Path, bin_dir: Path) -> None:
        self.fetch(clone, bin_dir)
        assert self.fetch(clone, bin_dir, WIRESCRIBE_MODELS_DIR="/m") == ["models fetch base"]

    def test_a_chosen_model_needs_no_embedded_one(self, clone: Path, bin_dir: Path) -> None:
        assert self.fetch(clone, bin_dir, WIRESCRIBE_ENGINE__MODEL="/my/model") == []

    def test_a_fetch_that_failed_is_tried_again(self, clone: Path, bin_dir: Path) -> None:
        program(clone / ".venv" / "bin" / "wirescribe", 'echo "$*" >>calls; exit 1')
        assert self.fetch(clone, bin_dir) == self.fetch(clone, bin_dir) == ["models fetch base"]


class TestChecks:
    @pytest.fixture(autouse=True)
    def tools(self, clone: Path, bin_dir: Path) -> None:
        for name in ("ruff", "mypy", "python", "wirescribe"):
            program(clone / ".venv" / "bin" / name, f'echo "{name} $*" >>calls')
        for name in ("node", "npm"):
            program(bin_dir / name, f'echo "{name} $*" >>../calls')
        (clone / "client_js" / "node_modules").mkdir(parents=True)
        (clone / "client_js" / "package-lock.json").write_text("{}")

    def checks(
        self, clone: Path, bin_dir: Path, *names: str, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return run("sh", "scripts/checks.sh", *names, cwd=clone, path=bin_dir, env=env)

    def test_everything_runs_and_is_summed_up(self, clone: Path, bin_dir: Path) -> None:
        done = self.checks(clone, bin_dir, ARGS="-k 'a or b'")
        assert done.returncode == 0
        assert calls(clone) == [
            "ruff check .",
            "ruff format --check .",
            "mypy ",
            "npm ci --no-audit --no-fund",
            "npm run --silent check",
            "npm test --silent",
            "wirescribe models fetch base",
            "python -m pytest --numprocesses logical --maxprocesses 4 -k a or b",
        ]
        summary = done.stdout.partition("==> Summary\n")[2]
        assert [line.split()[:2] for line in summary.splitlines()] == [
            [name, "passed"] for name in ("lint", "format", "types", "javascript", "python")
        ]

    def test_packages_of_javascript_are_installed_once(self, clone: Path, bin_dir: Path) -> None:
        self.checks(clone, bin_dir, "javascript")
        calls(clone)
        self.checks(clone, bin_dir, "javascript")
        assert calls(clone) == ["npm run --silent check", "npm test --silent"]

    @pytest.mark.parametrize("broken", ["ruff", "mypy", "python", "wirescribe"])
    def test_one_failure_fails_the_whole_and_stops_nothing(
        self, clone: Path, bin_dir: Path, broken: str
    ) -> None:
        program(clone / ".venv" / "bin" / broken, "exit 3")
        done = self.checks(clone, bin_dir)
        assert done.returncode == 1
        assert "FAILED" in done.stdout
        assert "npm test --silent" in calls(clone)

    def test_without_node_the_rest_still_counts(self, clone: Path, tmp_path: Path) -> None:
        # Only these programs, so that the machine's own Node.js is out of sight.
        few = tmp_path / "few"
        few.mkdir()
        for name in ("sh", "date", "cksum", "cat", "dirname"):
            found = shutil.which(name)
            assert found is not None
            (few / name).symlink_to(found)
        for ci, status, says in (("", 0, "skipped"), ("true", 1, "FAILED")):
            done = subprocess.run(
                [str(few / "sh"), "scripts/checks.sh", "lint", "javascript"],
                cwd=clone,
                env={"PATH": str(few), "CI": ci},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == status
            assert f"javascript   {says}" in done.stdout
            assert "Node.js is missing" in done.stdout

    def test_an_unknown_check_is_wrong_usage(self, clone: Path, bin_dir: Path) -> None:
        assert self.checks(clone, bin_dir, "spelling").returncode == 2


class TestContinuousIntegration:
    def test_it_is_executable_and_ends_with_make_test(self) -> None:
        script = ROOT / ".ci" / "run"
        assert os.access(script, os.X_OK)
        assert script.read_text().rstrip().endswith("exec make test")

    def test_where_nothing_can_be_installed_what_is_missing_is_named(self, tmp_path: Path) -> None:
        few = tmp_path / "few"
        few.mkdir()
        for name in ("bash", "dirname", "python3"):
            found = shutil.which(name)
            assert found is not None
            (few / name).symlink_to(found)
        done = subprocess.run(
            [str(few / "bash"), str(ROOT / ".ci" / "run")],
            env={"PATH": str(few)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert "chromium" in done.stdout
        assert "Install them first" in done.stderr
