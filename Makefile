# The commands of this project: `make help` lists them.
# Python 3.11 or newer with venv, and make: everything else is installed below this folder.

PYTHON ?= python3
VENV := .venv/bin
UV := .tools/bin/uv
INSTALL := $(UV) pip install --quiet --python $(VENV)/python --no-deps

# What `make test` leaves to `make test-all`: what needs packages that only requirements/dev.in
# names, which its type check leaves out too, and what needs much time or programs of others.
NEED_MORE := tests/browser tests/e2e/test_schemathesis.py tests/vendors
LATER := $(NEED_MORE) tests/codegen/sampling tests/faults tests/e2e/test_benchmarks.py \
	tests/e2e/test_demo.py tests/e2e/test_hover.py tests/e2e/test_old_programs.py \
	tests/e2e/test_old_senders.py tests/e2e/test_packaging.py tests/relay tests/spec \
	tests/unit/server/storage/postgres
# What `make test` runs on SQLite, and `make test-all` on PostgreSQL.
ON_EVERY_DATABASE := tests/contract/storage tests/unit/server
# What the type check leaves out besides, for the same want of packages.
UNCHECKED := $(NEED_MORE) scripts/screenshots/__main__.py
EXAMPLES := 60
# Three on two cores: many tests wait for a program that they started.
PYTEST := $(VENV)/python -m pytest --quiet --numprocesses 3 --dist loadfile

# The programs of others: those that their lists of requirements pin, and those for Node.js.
LOCKED := requirements/clients/python.txt
WITHOUT_NEEDS := requirements/clients/no-deps.txt
PINNED = $(shell sed -n 's/^\([^ =]*\)==.*/\1/p' $(1:.txt=.in))
CLIENTS := $(call PINNED,$(LOCKED)) $(call PINNED,$(WITHOUT_NEEDS))
READY_CLIENTS := $(CLIENTS:%=.tools/clients/%/.ready)
ALL_CLIENTS := $(READY_CLIENTS) .tools/clients/node/.ready

# What others make of the spec.
SPEC_TOOLS := .tools/spec/node/.ready .tools/spec/python/.ready

# The path to the source is kept relative: without a locale, Python 3.11 cannot read one that holds
# more than ASCII, and does not start.
EDITABLE = $(INSTALL) --no-build-isolation --editable . \
	&& for path in .venv/lib/python*/site-packages/*hipkit.pth; do echo ../../../../src > "$$path"; done

# The registries that this machine trusts are the ones that its own certificates vouch for.
export UV_SYSTEM_CERTS := true
export UV_NO_PROGRESS := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1

# Images of containers set it. Then every worker compiles and rewrites all tests, and each of the
# programs that tests start by the hundred compiles hipkit: half of their time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.test ## make .venv with what `make test` needs; the others call what they need
	@:

.PHONY: setup-all
setup-all: .venv/.everything ## make .venv with what `make test-all` needs
	@:

.PHONY: demo
demo: .venv/.demo .tools/clients/hipcat/.ready ## start the server on an empty database and do the main job on it
	@$(VENV)/python -m examples.demo

.PHONY: test
test: setup ## what a newcomer needs: checks, docs' blocks, and the tests that need nothing more
	@$(VENV)/python scripts/check.py $(UNCHECKED:%=--without %)
	@echo "tests:"
	@$(PYTEST) $(LATER:%=--ignore %)

.PHONY: test-all
test-all: setup-all .tools/clients/hipcat/.ready .tools/synapse/.ready .tools/vendors/.ready $(SPEC_TOOLS) ## all the rest, as CI does after `make test`
	@$(VENV)/python scripts/check.py --rest
	@echo "tests:"
	@HIPKIT_SCHEMATHESIS_EXAMPLES=$(EXAMPLES) $(PYTEST) --numprocesses 2 $(LATER)
	@echo "tests on PostgreSQL:"
	@HIPKIT_DATABASE=postgres $(PYTEST) --numprocesses 2 $(ON_EVERY_DATABASE) \
		--ignore tests/unit/server/storage
	@$(MAKE) --no-print-directory test-clients
	@sh scripts/try_archive.sh "$(PYTHON)"

.PHONY: test-clients
test-clients: setup $(ALL_CLIENTS) .tools/synapse/.ready ## let programs of others, as they are, do all they can on a server
	@$(VENV)/python -m tests.clients

.PHONY: record-clients
record-clients: setup $(ALL_CLIENTS) ## the same, and write what they send to tests/data/programs
	@$(VENV)/python -m tests.clients --record

.PHONY: check
check: setup ## only the checks of `make test`: format, lint, types, layers, generated code
	@$(VENV)/python scripts/check.py $(UNCHECKED:%=--without %)

.PHONY: fix
fix: setup ## format, and repair what the linter can repair
	@$(VENV)/python -m ruff check --quiet --fix-only .
	@$(VENV)/python -m ruff format --quiet .

.PHONY: generate
generate: setup ## rewrite src/hipkit/v2/, v1/ and docs/reference/operations/ from the specs, async modules from sync ones
	@$(VENV)/python -m codegen
	@$(VENV)/python -m twins
	@$(VENV)/python -m scripts.reference

.PHONY: bench
bench: .venv/.bench .tools/clients/node/.ready ## measure for 15 minutes, and rewrite tables in docs/explanation/performance.md
	@$(VENV)/python -m benchmarks

.PHONY: bench-long
bench-long: .venv/.bench ## the same with what takes longer, more than an hour in all
	@$(VENV)/python -m benchmarks --long

.PHONY: docs
docs: setup-all ## show the docs in a browser, rebuilt at every change
	@$(VENV)/python -m mkdocs serve

.PHONY: screenshots
screenshots: setup-all ## take the pictures of the page again, docs/images/, after it was changed
	@$(VENV)/python -m scripts.screenshots

.PHONY: dist
dist: setup-all ## build wheel and sdist into dist/
	@$(VENV)/python -m build --no-isolation --outdir dist .

.PHONY: requirements
requirements: $(UV) ## take the newest versions of everything into requirements/*.txt
	@sh scripts/lock.sh $(UV)

.PHONY: clean
clean: ## remove all that was installed, built or cached here
	@rm -rf .tools .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist site
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed only when what it depends on is newer than the stamp, and anew after the folder was
# moved or its Python removed: environments hold absolute paths.
PLACE := .tools/.place
MOVED := $(shell [ ! -e .tools ] \
	|| { [ "$$(cat $(PLACE) 2>/dev/null)" = "$$(pwd -P)" ] && [ -x .tools/bin/python ]; } || echo moved)
.PHONY: moved
moved:

$(UV): requirements/tools.txt $(MOVED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "hipkit needs Python 3.11 or newer as python3, or named: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "this Python lacks venv: install the package python3-venv (apt install python3-venv)" >&2; exit 1; }
	@echo "setup: uv into .tools"
	@rm -rf .tools
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install -qq --require-hashes --only-binary :all: -r requirements/tools.txt
	@pwd -P > $(PLACE)
	@touch $@

.venv/pyvenv.cfg: $(UV)
	@$(UV) venv --quiet --clear --python .tools/bin/python .venv

SOURCE := pyproject.toml src/hipkit/version.py .venv/pyvenv.cfg

.venv/.demo: requirements/demo.txt $(SOURCE)
	@echo "setup: what the demo needs into .venv"
	@$(INSTALL) --require-hashes -r requirements/demo.txt
	@$(EDITABLE)
	@touch $@

.venv/.test: requirements/test.txt $(SOURCE)
	@echo "setup: what the tests need into .venv"
	@$(INSTALL) --require-hashes -r requirements/test.txt
	@$(EDITABLE)
	@touch $@ .venv/.demo

.venv/.everything: requirements/dev.txt $(SOURCE)
	@echo "setup: everything into .venv"
	@$(UV) pip sync --quiet --python $(VENV)/python --require-hashes requirements/dev.txt
	@$(EDITABLE)
	@touch $@ .venv/.test .venv/.demo

.venv/.bench: requirements/bench.txt .venv/.everything
	@echo "setup: what the benchmarks compare with into .venv"
	@$(INSTALL) --require-hashes --build-constraints requirements/bench.txt -r requirements/bench.txt
	@touch $@

# The Matrix homeserver of tests/relay and tests/faults, and the generator of others of tests/spec.
.tools/synapse/.ready: requirements/synapse.txt $(UV)
.tools/spec/python/.ready: requirements/spec/python.txt $(UV)
.tools/synapse/.ready .tools/spec/python/.ready:
	@echo "setup: $(<:requirements/%.txt=%) into $(@D)"
	@$(UV) venv --quiet --clear --python .tools/bin/python $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes --only-binary :all: -r $<
	@touch $@

# Third-party programs live apart, each with what it needs. One list of versions and
# hashes serves them all; it overrides what old programs pin and no longer works. One that cannot
# be installed is told, and fails its own tests.
.tools/clients/ansible/.ready: ALSO := |prettytable
.tools/clients/hiplogging/.ready: ALSO := |hypchat
.tools/clients/hipchat-api/.ready: ALSO := |iso8601|requests
.tools/clients/apache-airflow/.ready: ALSO := |requests
.tools/clients/monasca-notification/.ready: ALSO := |debtcollector|oslo-config|requests|simplejson

$(READY_CLIENTS): .tools/clients/%/.ready: $(LOCKED) $(WITHOUT_NEEDS) $(UV)
	@echo "setup: $* into .tools/clients"
	@$(UV) venv --quiet --clear --python .tools/bin/python .tools/clients/$*
	@$(UV) pip install --quiet --python .tools/clients/$*/bin/python --require-hashes \
		--constraints $(LOCKED) --overrides $(LOCKED) --build-constraints $(LOCKED) \
		$$(sed -nE 's/^(($*$(ALSO))==[^ ]+).*/\1/p' $(LOCKED)) \
		$(if $(filter $*,$(call PINNED,$(WITHOUT_NEEDS))),&& $(UV) pip install --quiet --no-deps \
		--python .tools/clients/$*/bin/python --require-hashes --constraints $(WITHOUT_NEEDS) \
		$$(sed -nE 's/^($*==[^ ]+).*/\1/p' $(WITHOUT_NEEDS))) \
		&& touch $@ || echo "setup: $* could not be installed" >&2

# Packages for Node.js: programs of others, the types that makers of chats publish, and what reads
# the spec.
.tools/clients/node/.ready: requirements/clients/package.json requirements/clients/package-lock.json | $(UV)
.tools/vendors/.ready: requirements/vendors/package.json requirements/vendors/package-lock.json | $(UV)
.tools/spec/node/.ready: requirements/spec/package.json requirements/spec/package-lock.json | $(UV)
.tools/clients/node/.ready .tools/vendors/.ready .tools/spec/node/.ready:
	@echo "setup: packages for Node.js into $(@D)"
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	@command -v npm >/dev/null || { echo "setup: they need npm: apt install npm" >&2; exit 0; }; \
		npm ci --prefix $(@D) --loglevel error --ignore-scripts --omit optional --no-audit --no-fund \
		&& touch $@ || echo "setup: the packages for Node.js could not be installed" >&2
