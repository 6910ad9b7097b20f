#!/bin/sh
# Print the command of a Python that can carry Wirescribe: 3.11 or newer, able to make environments.
# PYTHON=… chooses one; otherwise the first that fits of the usual names.
set -eu

oldest="3.11"
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
version='import platform; print(platform.python_version())'
found=""

for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    # Running it is the only test that counts: a version manager's shim may exist and refuse.
    is=$("$candidate" -c "$version" 2>/dev/null) || continue
    if ! "$candidate" -c "$new_enough" 2>/dev/null; then
        found="$found $candidate is $is;"
        continue
    fi
    if ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        found="$found $candidate is $is but can't make environments (on Debian and Ubuntu: apt install python3-venv);"
        continue
    fi
    command -v "$candidate"
    exit 0
done

if [ -n "${PYTHON:-}" ]; then
    echo "PYTHON=$PYTHON can't be used: Wirescribe needs Python $oldest or newer, with venv." >&2
else
    echo "Wirescribe needs Python $oldest or newer, with venv." >&2
fi
if [ -n "$found" ]; then
    echo "Found:${found%;}." >&2
else
    echo "Found none." >&2
fi
echo "Install one (python.org, your distribution, or: uv python install) and name it: make serve PYTHON=/path/to/python3" >&2
exit 1
