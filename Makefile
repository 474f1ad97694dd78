# The commands of this project: `make help` lists them.
# Python 3.11 or newer with venv, and make: everything else is installed below this folder.

PYTHON ?= python3
VENV := .venv/bin
UV := .tools/bin/uv
INSTALL := $(UV) pip install --quiet --python $(VENV)/python --no-deps

# The programs of others: the ones that their list of requirements pins, and those for Node.js.
LOCKED := requirements/clients/python.txt
CLIENTS := $(shell sed -n 's/^\([^ =]*\)==.*/\1/p' requirements/clients/python.in)
READY_CLIENTS := $(CLIENTS:%=.tools/clients/%/.ready)
ALL_CLIENTS := $(READY_CLIENTS) .tools/clients/node/.ready

# The registries that this machine trusts are the ones that its own certificates vouch for.
export UV_SYSTEM_CERTS := true
export UV_NO_PROGRESS := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.everything ## make .venv with everything; the others call what they need of it
	@:

.PHONY: demo
demo: .venv/.demo .tools/clients/hipcat/.ready ## start the server on an empty database and do the main job on it
	@$(VENV)/python -m examples.demo

.PHONY: test
test: setup .tools/clients/hipcat/.ready ## everything that CI runs: checks, tests, docs
	@$(VENV)/python scripts/check.py
	@echo "tests:"
	@$(VENV)/python -m pytest --quiet --numprocesses 2 --dist loadfile

.PHONY: test-clients
test-clients: setup $(ALL_CLIENTS) ## let programs of others, as they are, do all they can on a server
	@$(VENV)/python -m tests.clients

.PHONY: record-clients
record-clients: setup $(ALL_CLIENTS) ## the same, and write what they send to tests/data/programs
	@$(VENV)/python -m tests.clients --record

.PHONY: check
check: setup ## only the checks: format, lint, types, floors, generated code, docs
	@$(VENV)/python scripts/check.py

.PHONY: fix
fix: setup ## format, and repair what the linter can repair
	@$(VENV)/python -m ruff check --quiet --fix-only .
	@$(VENV)/python -m ruff format --quiet .

.PHONY: generate
generate: setup ## rewrite src/hipkit/v2/ and v1/ from the specs
	@$(VENV)/python -m codegen

.PHONY: bench
bench: .venv/.bench ## measure, and rewrite the table in docs/explanation/performance.md
	@$(VENV)/python -m benchmarks

.PHONY: docs
docs: setup ## show the docs in a browser, rebuilt at every change
	@$(VENV)/python -m mkdocs serve

.PHONY: dist
dist: setup ## build wheel and sdist into dist/
	@$(VENV)/python -m build --no-isolation --outdir dist .

.PHONY: requirements
requirements: $(UV) ## take the newest versions of everything into requirements/*.txt
	@sh scripts/lock.sh $(UV)

.PHONY: clean
clean: ## remove all that was installed, built or cached here
	@rm -rf .tools .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist site
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed only when what it depends on is newer than the stamp.

$(UV): requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "hipkit needs Python 3.11 or newer as python3, or named: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "this Python lacks venv: install the package python3-venv (apt install python3-venv)" >&2; exit 1; }
	@echo "setup: uv into .tools"
	@$(PYTHON) -m venv --clear .tools
	@.tools/bin/python -m pip install -qq --require-hashes --only-binary :all: -r requirements/tools.txt
	@touch $@

$(VENV)/python: | $(UV)
	@$(UV) venv --quiet --python .tools/bin/python .venv

.venv/.demo: requirements/demo.txt pyproject.toml src/hipkit/version.py | $(VENV)/python
	@echo "setup: what the demo needs into .venv"
	@$(INSTALL) --require-hashes -r requirements/demo.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

.venv/.everything: requirements/dev.txt pyproject.toml src/hipkit/version.py | $(VENV)/python
	@echo "setup: everything into .venv"
	@$(UV) pip sync --quiet --python $(VENV)/python --require-hashes requirements/dev.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@ .venv/.demo

.venv/.bench: requirements/bench.txt .venv/.everything
	@echo "setup: what the benchmarks compare with into .venv"
	@$(INSTALL) --require-hashes --build-constraints requirements/bench.txt -r requirements/bench.txt
	@touch $@

# Programs that nobody here wrote live apart, each with what it needs. One list of versions and
# hashes serves them all; it overrides what old programs pin and no longer works. One that cannot
# be installed is told, and fails its own tests.
.tools/clients/ansible/.ready: ALSO := |prettytable
.tools/clients/hiplogging/.ready: ALSO := |hypchat
.tools/clients/hipchat-api/.ready: ALSO := |iso8601|requests

$(READY_CLIENTS): .tools/clients/%/.ready: $(LOCKED) | $(UV)
	@echo "setup: $* into .tools/clients"
	@$(UV) venv --quiet --clear --python .tools/bin/python .tools/clients/$*
	@$(UV) pip install --quiet --python .tools/clients/$*/bin/python --require-hashes \
		--constraints $(LOCKED) --overrides $(LOCKED) --build-constraints $(LOCKED) \
		$$(sed -nE 's/^(($*$(ALSO))==[^ ]+).*/\1/p' $(LOCKED)) \
		&& touch $@ || echo "setup: $* could not be installed" >&2

.tools/clients/node/.ready: requirements/clients/package.json requirements/clients/package-lock.json
	@echo "setup: programs for Node.js into .tools/clients"
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	@command -v npm >/dev/null || { echo "setup: they need npm: apt install npm" >&2; exit 0; }; \
		npm ci --prefix $(@D) --loglevel error --ignore-scripts --no-audit --no-fund \
		&& touch $@ || echo "setup: the programs for Node.js could not be installed" >&2
