#!/bin/sh
# Write the lock files of requirements/ from pyproject.toml: exact versions, hashes, every platform.
# A version that still fits is kept; UPGRADE=1 takes the newest of everything.
set -eu
cd "$(dirname "$0")/.."

if [ -x .venv/bin/uv ]; then
    uv=.venv/bin/uv
elif ! uv=$(command -v uv); then
    echo "make lock needs uv: python3 -m pip install uv" >&2
    exit 1
fi

# usage: lock NAME INPUT [OPTION...]
lock() {
    name=$1 input=$2
    shift 2
    echo "requirements/$name.txt"
    UV_CUSTOM_COMPILE_COMMAND="make lock" "$uv" pip compile "$input" --output-file "requirements/$name.txt" \
        --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --no-emit-find-links --quiet ${UPGRADE:+--upgrade} "$@"
}

# The other files are wholes of their own, and agree with this one in every version they share.
lock runtime pyproject.toml --extra server
lock gpu pyproject.toml --extra server --extra gpu --constraints requirements/runtime.txt
lock mic pyproject.toml --extra server --extra mic --constraints requirements/runtime.txt
lock eval pyproject.toml --extra server --extra eval --constraints requirements/runtime.txt
lock dev pyproject.toml --extra server --group dev --constraints requirements/runtime.txt
lock fuzz pyproject.toml --extra server --group fuzz --constraints requirements/runtime.txt
lock build requirements/build.in
