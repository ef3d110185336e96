.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test lint bench engines engines-stop bench-cluster simulate docs screenshots lock clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --no-compile # Python compiles what is used when it is first used
ENGINES = redis dynamodb opensearch
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.ready ## Install Rookery and what it needs into .venv

setup-dev: $(VENV)/.ready-dev ## Install what tests and benchmarks need, too

demo: setup ## Serve lively made-up data on http://127.0.0.1:8000 (ARGS="--port 9000")
	@$(BIN)/rookery demo $(ARGS)

serve: setup ## Serve your own data from ./rookery-data (ARGS="--port 9000")
	@$(BIN)/rookery serve $(ARGS)

test: setup-dev ## Run everything that must hold: lint, types, walls, tests
	@scripts/test.sh

lint: setup-dev ## Run lint, types and walls alone
	@scripts/test.sh --no-tests

bench: setup-dev ## Measure, and write docs/benchmarks.md (ARGS="--help" tells more)
	@$(BIN)/python -m benchmarks $(ARGS)

engines: ## Start Redis, DynamoDB Local and OpenSearch, fetched once (ENGINES="redis elasticsearch")
	@python=$$(scripts/python.sh) && $$python -m scripts.engines start $(ENGINES) $(ARGS)

engines-stop: ## Stop them
	@python=$$(scripts/python.sh) && $$python -m scripts.engines stop

bench-cluster: setup-dev ## Measure the cluster engine likewise, with engines of its own
	@$(BIN)/python -m benchmarks cluster_costs cluster_fanout cluster_feed_read cluster_staleness cluster_stages cluster_processes cluster_growth $(ARGS)

simulate: setup-dev ## Simulate 100 million users from what was measured, and write it into docs/scale.md
	@$(BIN)/python -m simulation $(ARGS)

docs: setup-dev ## Make the generated pages of docs/ and definitions of deploy/ anew
	@$(BIN)/python scripts/settings_doc.py
	@$(BIN)/python -m scripts.deploy

screenshots: setup-dev ## Take pictures of every page into build/screenshots, two of them for the README
	@$(BIN)/python -m scripts.screenshots

lock: ## Lock the dependencies anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml | $(COMPILE) - -o requirements-build.lock

clean: ## Remove .venv and every cache; data and keys stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests benchmarks scripts simulation -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: requirements.lock requirements-build.lock pyproject.toml scripts/python.sh
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || \
		{ python=$$(scripts/python.sh) && rm -rf $(VENV) && $$python -m venv $(VENV); }
	@echo "Installing the dependencies ..."
	@$(INSTALL) --require-hashes -r requirements-build.lock -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "Installing what the tests need ..."
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
