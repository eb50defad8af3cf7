# up, test, check, bench, fmt: nothing else to remember.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8000
export ATTESTRY_DATA_DIR ?= ./attestry-data
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: up test check bench fmt lock
.DEFAULT_GOAL := up

up: $(VENV)/.demo ## start the portal with its demo
	@exec $(BIN)/attestry up --demo --port $(PORT)

test: $(VENV)/.dev ## the suite on every database, with every service found
	@exec $(BIN)/python -m tests.launch $(ARGS)

check: $(VENV)/.dev ## format, lint, types, architecture, docs, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_architecture.py tests/test_docs.py tests/test_commands.py
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: $(VENV)/.dev ## every claim beside its peer
	@set -e; for claim in $$(cd bench && ls *.py | sed -n 's/^\([a-z].*\)\.py$$/\1/p'); do $(BIN)/python -m bench.$$claim --json; done

fmt: $(VENV)/.dev ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.dev ## choose versions again, with hashes and without addresses
	@exec ./.ci/lock $(BIN)

# Each stamp is made again only when a lock or pyproject.toml is newer; installing what is there already is quick.
$(VENV)/.demo: requirements-demo.lock pyproject.toml
	@if [ -e $(VENV)/.dev ]; then $(MAKE) --no-print-directory $(VENV)/.dev; else .ci/install "$(PYTHON)" $(VENV) requirements-demo.lock; fi
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@.ci/install "$(PYTHON)" $(VENV) requirements-dev.lock
	@touch $@
