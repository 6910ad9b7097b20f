#!/bin/sh
# Run every check, or those named, one after the other, and end with one summary.
# usage: checks.sh [lint|format|types|python|javascript]...      ARGS goes to pytest.
set -eu
cd "$(dirname "$0")/.."

bin=.venv/bin
summary=""
failed=0

heading() {
    printf '\n==> %s\n' "$1"
}

# usage: report NAME RESULT
report() {
    summary="$summary$(printf '%-12s %s' "$1" "$2")
"
}

# usage: check NAME TITLE COMMAND...
check() {
    name=$1
    heading "$2"
    shift 2
    started=$(date +%s)
    if "$@"; then
        report "$name" "passed  $(($(date +%s) - started)) s"
    else
        report "$name" "FAILED  $(($(date +%s) - started)) s"
        failed=1
    fi
}

# shellcheck disable=SC2329  # called through check
python_tests() {
    # Tests marked "model" read the model cache; filling it is no test's business.
    "$bin/wirescribe" models fetch base || return 1
    eval "set -- ${ARGS:-}" # ARGS="-k 'a or b'" are two arguments
    # Half of the suite waits: a process for each processor, and four are as good as more.
    "$bin/python" -m pytest --numprocesses logical --maxprocesses 4 "$@"
}

# shellcheck disable=SC2329  # called through check
javascript_tests() (
    cd client_js || exit 1
    installed=node_modules/.wirescribe-lock
    if ! [ -f "$installed" ] || [ "$(cat "$installed")" != "$(cksum <package-lock.json)" ]; then
        npm ci --no-audit --no-fund || exit 1
        cksum <package-lock.json >"$installed"
    fi
    npm run --silent check && npm test --silent
)

javascript() {
    if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then
        check javascript "JavaScript: types, checks and tests of client_js" javascript_tests
        return
    fi
    heading "JavaScript: types, checks and tests of client_js"
    if [ -n "${CI:-}" ]; then
        echo "Node.js with npm is missing, and CI must run these tests."
        report javascript "FAILED  Node.js is missing"
        failed=1
    else
        echo "Skipped: Node.js with npm is not installed (version 20 or newer)."
        report javascript "skipped: Node.js is missing"
    fi
}

if [ $# -eq 0 ]; then
    set -- lint format types javascript python # the first installs what clients in the second need
fi
for each in "$@"; do
    case $each in
    lint) check lint "ruff check: lint" "$bin/ruff" check . ;;
    format) check format "ruff format: layout" "$bin/ruff" format --check . ;;
    types) check types "mypy: types" "$bin/mypy" ;;
    python) check python "pytest: Python tests" python_tests ;;
    javascript) javascript ;;
    *)
        echo "checks.sh: unknown check '$each'" >&2
        exit 2
        ;;
    esac
done

heading "Summary"
printf '%s' "$summary"
exit $failed
