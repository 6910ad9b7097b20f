# Everything a contributor runs. CI runs the same: .ci/run calls `make test`.
#   PYTHON=/path/to/python3   the Python that .venv is made with (3.11 or newer)
#   ARGS="…"                  passed on: to the server by serve, to pytest by test

.DEFAULT_GOAL := help
.PHONY: help serve setup test lint format lock bench chaos clean
MAKEFLAGS += --no-print-directory

export PYTHON ARGS

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

serve: ## Set everything up and start the server (ARGS="--port 9000")
	@scripts/setup.sh runtime
	@scripts/fetch-model.sh
	@exec .venv/bin/python server.py $(ARGS)

setup: ## Install the locked development environment into .venv
	@scripts/setup.sh dev

test: setup ## Run every check and test (ARGS="-k stabilizer" goes to pytest)
	@scripts/checks.sh

lint: setup ## Run the checks that need no test run: ruff, layout, types
	@scripts/checks.sh lint format types

format: setup ## Lay the code out and mend what ruff can mend
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

lock: ## Write requirements/*.txt anew from pyproject.toml (UPGRADE=1: newest versions)
	@scripts/lock.sh

bench: setup ## Measure with the load harness (ARGS="run …")
	@.venv/bin/python -m load $(ARGS)

chaos: setup ## Try to break the server, about 15 minutes (ARGS="--minutes 60": a soak of an hour)
	@.venv/bin/python -c "import atheris" 2>/dev/null || .venv/bin/python -m pip \
	    --disable-pip-version-check install --quiet --no-deps --require-hashes \
	    --requirement requirements/fuzz.txt || echo "No atheris: fuzzing goes on, blindly."
	@.venv/bin/python -m tests.chaos $(ARGS)

clean: ## Remove .venv, caches and build output; cached models stay
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist client_js/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
