# One word per errand. `make` alone lists them.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Tried in this order; the first that runs and is new enough wins. `make setup PYTHON=…` puts one in front.
PYTHON ?=
CANDIDATES = $(PYTHON) python3.13 python3.14 python3.12 python3
NEW_ENOUGH = import ensurepip, sys; sys.exit(sys.version_info < (3, 12))

.PHONY: setup
setup: .venv/.synced  ## make .venv and install what the lock files name

.venv/.synced: requirements/bootstrap.txt requirements/dev.txt
	@if ! .venv/bin/python -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then \
	    for candidate in $(CANDIDATES); do \
	        if $$candidate -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then python=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo "Python 3.12 or newer (with venv) was not found; tried: $(CANDIDATES)." >&2; \
	        echo "Install one, or name it: make setup PYTHON=/path/to/python3" >&2; \
	        exit 1; \
	    fi; \
	    echo "setup: .venv from $$($$python --version)"; \
	    $$python -m venv --clear .venv || exit 1; \
	fi
	@echo "setup: packages of requirements/dev.txt"
	@.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@.venv/bin/uv pip sync -q --python .venv/bin/python --require-hashes requirements/dev.txt
	@touch $@
