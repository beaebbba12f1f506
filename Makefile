# One word per errand. `make` alone lists them.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?=
ARGS ?=

BIN := .venv/bin
# Services up (the embedded ones unless DATABASE_URL and REDIS_URL name others), environment set.
LOCAL := @$(BIN)/python -m apps.core.development exec --
TEST := @$(BIN)/python -m apps.core.development exec --test --
MANAGE := $(BIN)/python manage.py

# Tried in this order; the first that runs and is new enough wins.
CANDIDATES = $(PYTHON) python3.13 python3.14 python3.12 python3
NEW_ENOUGH = import ensurepip, sys; sys.exit(sys.version_info < (3, 12))

.PHONY: help
help:  ## list the words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo "  ARGS=… is passed on: make test ARGS='tests/core -k sync'"

.PHONY: setup
setup: .venv/.synced  ## make .venv and install what the lock files name (every word does this first)

.venv/.synced: requirements/bootstrap.txt requirements/dev.txt
	@if ! $(BIN)/python -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then \
	    for candidate in $(CANDIDATES); do \
	        if $$candidate -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then python=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo "Python 3.12 or newer, with venv, was not found. Tried: $(CANDIDATES)" >&2; \
	        echo "Install one, or name it: make setup PYTHON=/path/to/python3" >&2; \
	        exit 1; \
	    fi; \
	    echo "setup: .venv from $$($$python --version)"; \
	    $$python -m venv --clear .venv || exit 1; \
	fi
	@echo "setup: installing requirements/dev.txt"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

# --- Running ----------------------------------------------------------------

.PHONY: run
run: .venv/.synced  ## everything in one terminal: services, migrations, demo data, web, worker, beat
	@$(BIN)/python -m apps.core.development run

.PHONY: worker
worker: .venv/.synced  ## only the worker
	$(LOCAL) $(BIN)/celery -A config worker -Q urgent,default,bulk --concurrency 2 --loglevel info $(ARGS)

.PHONY: sender
sender: .venv/.synced  ## only the sender
	$(LOCAL) $(BIN)/celery -A config worker -n sender@%h -Q fcm,apns,expo,smtp --pool threads --concurrency 6 --loglevel info $(ARGS)

.PHONY: shell
shell: .venv/.synced  ## Django's shell
	$(LOCAL) $(MANAGE) shell $(ARGS)

# --- Data and contracts -----------------------------------------------------

.PHONY: migrations
migrations: .venv/.synced  ## write migrations for changed models
	$(LOCAL) $(MANAGE) makemigrations $(ARGS)

.PHONY: migrate
migrate: .venv/.synced  ## bring the local database up to date
	$(LOCAL) $(MANAGE) migrate $(ARGS)

.PHONY: seed
seed: .venv/.synced  ## fill the local database with demo data
	$(LOCAL) sh -c '$(MANAGE) migrate -v0 && $(MANAGE) seed $(ARGS)'

.PHONY: schema
schema: .venv/.synced  ## write the OpenAPI files that tests compare with
	$(LOCAL) $(MANAGE) contract --write $(ARGS)

# --- Judging ----------------------------------------------------------------

.PHONY: test
test: .venv/.synced  ## the tests, in parallel
	$(TEST) $(BIN)/pytest -n 2 --dist worksteal $(ARGS)

.PHONY: drill
drill: .venv/.synced  ## the faults: killed workers, lost connections, restarts
	$(TEST) $(BIN)/pytest -m drill $(if $(findstring tests/,$(ARGS)),,tests/drills) $(ARGS)

.PHONY: mutants
mutants: .venv/.synced  ## changes the code that safety stands on, place by place, and sees whether tests notice
	$(TEST) $(BIN)/python -m tests.mutants $(ARGS)

.PHONY: journey
journey: .venv/.synced  ## a phone's life against the real processes
	$(LOCAL) $(BIN)/python -m tests.journey $(ARGS)

.PHONY: bench
bench: .venv/.synced  ## the load, ours beside a plain twin, into docs/performance.md: ARGS=--help
	@$(BIN)/python -m tests.load $(ARGS)

.PHONY: plans
plans: .venv/.synced  ## how the local database answers every list, into docs/plans.md; first: make seed ARGS='--scale 1000000'
	$(LOCAL) env DJANGO_SETTINGS_MODULE=config.settings.test $(MANAGE) shell -c 'from tests.plan_table import main; main()'

.PHONY: fix
fix: .venv/.synced  ## format, and repair what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# $(call step,TITLE,COMMAND)
define step
	@printf '\n== $(1)\n'; began=$$(date +%s); $(2) || exit 1; printf '   %s s\n' $$(($$(date +%s) - began))
endef
WITH_SERVICES := $(BIN)/python -m apps.core.development exec --test --
PRODUCTION := set -a; . deploy/check.env; DJANGO_SETTINGS_MODULE=config.settings.production

.PHONY: check
check: .venv/.synced  ## all that must hold before a change goes in; stops at the first that does not
	$(call step,format,$(BIN)/ruff format --check .)
	$(call step,lint,$(BIN)/ruff check .)
	$(call step,types,$(BIN)/mypy)
	$(call step,architecture,$(BIN)/lint-imports)
	$(call step,production settings,($(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING))
	$(call step,models and migrations agree,$(WITH_SERVICES) $(MANAGE) makemigrations --check --dry-run)
	$(call step,migrations are safe,$(WITH_SERVICES) $(MANAGE) lintmigrations --no-cache --quiet ok)
	$(call step,OpenAPI files are up to date,$(WITH_SERVICES) $(MANAGE) contract --check)
	$(call step,tests,$(WITH_SERVICES) $(BIN)/pytest -n 2 --dist worksteal --cov)

# --- Housekeeping -----------------------------------------------------------

.PHONY: lock
lock: .venv/.synced  ## write the lock files anew; ARGS=--upgrade takes newer releases
	@for set in base production dev; do \
	    echo "lock: requirements/$$set.txt"; \
	    (cd requirements && UV_CUSTOM_COMPILE_COMMAND='make lock' ../$(BIN)/uv pip compile -q --universal \
	        --generate-hashes --no-emit-index-url --python-version 3.12 $(ARGS) $$set.in -o $$set.txt) || exit 1; \
	done
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements/dev.txt > requirements/bootstrap.txt

.PHONY: clean
clean:  ## delete local data and caches; .venv stays
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m apps.core.development clean; fi
	@rm -rf .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find apps config tests -name __pycache__ -type d -prune -exec rm -rf {} +
