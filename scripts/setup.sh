#!/bin/sh
# Bring .venv up to date: usage: setup.sh runtime|dev
# Installs exactly what requirements/<kind>.txt locks, every file checked by hash, and the project
# itself in editable form. Returns at once when nothing has changed since the last time.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-runtime}
venv=.venv
python=$venv/bin/python

# What an environment depends on. The folder counts: scripts in it hold absolute paths.
state_of() {
    { pwd; cat "requirements/$1.txt" requirements/build.txt pyproject.toml; } | cksum
}

is_done() {
    stamp=$venv/.wirescribe-$1
    [ -x "$python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(state_of "$1")" ]
}

is_usable() {
    [ -f "$venv/.wirescribe-folder" ] && [ "$(cat "$venv/.wirescribe-folder")" = "$(pwd)" ] &&
        "$python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

install() {
    "$python" -m pip --disable-pip-version-check install --no-deps --require-hashes "$@"
}

if is_done "$kind"; then
    exit 0
fi

base=$(sh scripts/find-python.sh)
if ! is_usable; then
    echo "==> Creating $venv with $base"
    "$base" -m venv --clear "$venv"
    pwd >"$venv/.wirescribe-folder"
fi

rm -f "$venv/.wirescribe-runtime" "$venv/.wirescribe-dev"
echo "==> Installing the locked packages of requirements/$kind.txt (once; takes a minute)"
install --requirement requirements/build.txt --requirement "requirements/$kind.txt"
echo "==> Installing Wirescribe itself"
"$python" -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .

# requirements/dev.txt holds all of runtime.txt, in the same versions.
state_of runtime >"$venv/.wirescribe-runtime"
if [ "$kind" = dev ]; then
    state_of dev >"$venv/.wirescribe-dev"
fi
