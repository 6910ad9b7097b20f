"""Rehearse the Dockerfile where no container engine runs: its own steps, in plain folders.

Reads the Dockerfile, carries out FROM, ENV, WORKDIR, COPY and RUN in copies of a base root folder
(``chroot``), then starts the image as an engine would: its user, no privileges, a read-only root,
``/tmp`` in memory, a folder at the volume. Waits until the health check passes, stops the server
with the image's stop signal and expects exit status 0.

What it does not show: the base image itself, layers, the network and the limits of an engine.

    sudo python3 scripts/rehearse_image.py --base ROOT --work EMPTY_FOLDER [--target cpu] [--run]

ROOT holds a Debian with ``python`` 3.12 in /usr/local/bin, like the official slim image, and
whatever reaching the package index takes here (resolv.conf, certificates, pip.conf).
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """A root folder and what the instructions so far have set."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    workdir: str = "/"
    settings: dict[str, str] = field(default_factory=dict)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return the instructions in order, comments gone, continued lines joined."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    pairs = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [(word, rest.strip()) for word, _, rest in pairs]


def stages(dockerfile: Path) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return each stage's base and steps by its name."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    steps: list[tuple[str, str]] = []
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            steps = []
            found[name] = (base, steps)
        else:
            steps.append((word, rest))
    return found


class Rehearsal:
    """Builds stages below ``work``, each once."""

    def __init__(self, base: Path, work: Path) -> None:
        self.base = base
        self.work = work
        self.stages = stages(REPOSITORY / "Dockerfile")
        self.built: dict[str, Image] = {}
        self.shown = [
            line[1:]
            for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
            if line.startswith("!")
        ]

    def build(self, name: str) -> Image:
        """Return the image of a stage, building what it stands on first."""
        if name in self.built:
            return self.built[name]
        base, steps = self.stages[name]
        image = self.build(base) if base in self.stages else Image(self.base)
        root = self.work / name
        print(f"==> {name}: from {base}", flush=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(image.root), str(root)], check=True)
        image = replace(image, root=root)
        for word, rest in steps:
            print(f"    {word} {rest}", flush=True)
            image = self.step(image, word, rest)
        self.built[name] = image
        return image

    def step(self, image: Image, word: str, rest: str) -> Image:
        """Carry one instruction out."""
        if word == "ENV":
            pairs = (each.partition("=") for each in shlex.split(rest))
            new = {key: self.expand(image, value) for key, _, value in pairs}
            return replace(image, environment=image.environment | new)
        if word == "WORKDIR":
            (image.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            return replace(image, workdir=rest)
        if word == "RUN":
            self.run(image, rest)
        elif word == "COPY":
            self.copy(image, shlex.split(rest))
        else:
            return replace(image, settings=image.settings | {word: rest})
        return image

    @staticmethod
    def expand(image: Image, value: str) -> str:
        return re.sub(r"\$(\w+)", lambda name: image.environment.get(name[1], ""), value)

    @staticmethod
    def run(image: Image, command: str) -> None:
        shell = f"cd {shlex.quote(image.workdir)} && {command}"
        environment = [f"{key}={value}" for key, value in image.environment.items()]
        inside = ["chroot", str(image.root), "/bin/sh", "-c", shell]
        subprocess.run(["env", "-i", *environment, *inside], check=True)

    def copy(self, image: Image, words: list[str]) -> None:
        origin = REPOSITORY
        if words[0].startswith("--from="):
            origin = self.build(words.pop(0).removeprefix("--from=")).root
        *sources, target = words
        for source in sources:
            if origin == REPOSITORY and not any(fnmatch.fnmatch(source, p) for p in self.shown):
                sys.exit(f"COPY {source}: .dockerignore hides it")
            path = origin / source.lstrip("/")
            into = image.root / image.workdir.lstrip("/") / target.lstrip("/")
            if target.startswith("/"):
                into = image.root / target.lstrip("/")
            if path.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(path, into, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            else:
                whole = into / path.name if target.endswith("/") else into
                whole.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, whole)


def confined(image: Image, words: list[str], models: Path, port: int) -> list[str]:
    """Return the command that runs ``words`` in the image as an engine would."""
    root = shlex.quote(str(image.root))
    uid, gid = image.settings["USER"].split(":")
    environment = image.environment | {"WIRESCRIBE_SERVER__PORT": str(port)}
    inside = [
        *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"),
        *("--inh-caps=-all", "--bounding-set=-all"),
        *("env", "-i", *(f"{key}={value}" for key, value in environment.items()), *words),
    ]
    script = f"""
        mount --bind {root} {root}
        mount -o remount,ro,bind {root}
        mount -t tmpfs -o size=256m,mode=1777 tmpfs {root}/tmp
        mount --bind {shlex.quote(str(models))} {root}/models
        mount -t proc proc {root}/proc
        mount -t tmpfs tmpfs {root}/dev
        for each in null zero random urandom; do
            touch {root}/dev/$each && mount --bind /dev/$each {root}/dev/$each
        done
        mkdir -m 1777 {root}/dev/shm
        mount -o remount,ro {root}/dev
        cd / && exec chroot {root} {shlex.join(inside)}"""
    return ["unshare", "--mount", "--ipc", "/bin/sh", "-ec", script]


def start(image: Image, models: Path, port: int, patience_s: float) -> int:
    """Start the image, wait for its health check, stop it; return its exit status."""
    command = json.loads(image.settings["ENTRYPOINT"]) + json.loads(image.settings["CMD"])
    health = json.loads(image.settings["HEALTHCHECK"].partition(" CMD ")[2])
    signal = image.settings["STOPSIGNAL"].removeprefix("SIG")
    print(f"==> starting {shlex.join(command)} on port {port}", flush=True)
    server = subprocess.Popen(confined(image, command, models, port))
    deadline = time.monotonic() + patience_s
    while server.poll() is None and time.monotonic() < deadline:
        probe = confined(image, health, models, port)
        if subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            print("==> healthy", flush=True)
            break
        time.sleep(1)
    else:
        print("==> never became healthy", flush=True)
        server.kill()
        server.wait()
        return 1
    subprocess.run(["kill", f"-{signal}", str(server.pid)], check=True)
    status = server.wait(timeout=60)
    print(f"==> {signal}: ended with status {status}", flush=True)
    return status


def main() -> int:
    """Build the target and, when asked, run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--target", default="cpu")
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--port", type=int, default=8917)
    parser.add_argument("--patience-s", type=float, default=180.0)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True)
    image = Rehearsal(arguments.base, arguments.work).build(arguments.target)
    if not arguments.run:
        return 0
    # An engine gives a new volume the owner that the image's folder has.
    volume = arguments.work / "volume"
    subprocess.run(["cp", "-a", str(image.root / "models"), str(volume)], check=True)
    return start(image, volume, arguments.port, arguments.patience_s)


if __name__ == "__main__":
    sys.exit(main())
