# Targets for people and for CI; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
# Bytecode is kept even where the environment says not to: reading our modules anew costs a start more than a second.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run install dev chromium test both check fmt browser pictures faults sequences scores bench lock vendor

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q metadata workflows portal
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

install: $(VENV)/.runtime ## The environment alone, from the lock files

dev: $(VENV)/.dev

# The shell without windows costs a third less than the whole browser; either runs the same tests.
chromium:
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    for package in chromium-headless-shell chromium; do \
	      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$package fonts-noto-cjk >/dev/null && break; done; } || \
	  echo "No Chromium found: browser tests will be skipped."

run: install ## Install, load the demo company, start everything, print address and logins
	$(BIN)/plumbline up --demo

test: dev chromium ## The whole suite, on the backends that are there
	$(BIN)/python -m pytest -n 2 --dist loadgroup --spread -m "not long"

both: dev chromium ## The whole suite, each test of pages on both databases
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: dev ## Lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser: dev chromium ## The browser tests alone
	$(BIN)/python -m pytest tests/browser -m browser

pictures: dev chromium ## The README's pictures, made anew
	$(BIN)/python -m tests.browser.pictures

faults: dev ## The tests that kill processes
	$(BIN)/python -m pytest tests/faults

sequences: dev ## Random sequences of publishes against a model, RUNS=1000 on each database
	PLUMBLINE_TEST_PUBLISH_RUNS=$(or $(RUNS),1000) $(BIN)/python -m pytest -n 2 tests/metadata/test_publish_machine.py

scores: dev ## Scores of RUNS=100000 made-up people, the engine against the slow reference
	PLUMBLINE_TEST_SCORES=$(or $(RUNS),100000) $(BIN)/python -m pytest -s tests/workflows/scoring/test_many_cases.py tests/workflows/scoring/test_columns.py

bench: dev ## Timings against references measured in the same run
	$(BIN)/python -m tests.benchmarks

lock: install ## Renew the lock files
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 requirements/build.in -o requirements/build.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 --extra dev pyproject.toml -c requirements/runtime.txt -o requirements/dev.txt

vendor: ## Renew the browser libraries under static/vendor
	tools/vendor.sh
