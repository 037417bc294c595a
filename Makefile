# Everything a newcomer needs: make demo, make test. Python 3.11 or later is all that must be there before.

PYTHON ?= python3
# A file's tests stay on one worker and in their order, so that what a file makes for them is made once.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/made

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test constraints clean

help:
	@echo "make demo         serve an invented district on http://127.0.0.1:8000/graphql (HOMEROOM_PORT chooses the port)"
	@echo "make test         format, lint, types, import contracts, tests (WORKERS=3 processes run these)"
	@echo "make constraints  pin the newest versions that pyproject.toml allows"
	@echo "make clean        remove the environment, the demo and every cache"

demo: $(STAMP)
	@$(BIN)/homeroom demo $(DEMO)

# In one recipe, so that they run in this order however many jobs make may use, and pytest has the last word.
test: $(STAMP)
	@echo "== ruff format" && $(BIN)/ruff format --check .
	@echo "== ruff check" && $(BIN)/ruff check .
	@echo "== mypy" && $(BIN)/mypy
	@echo "== lint-imports" && $(BIN)/lint-imports
	@echo "== pytest" && $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST)

# An environment whose interpreter has gone, or that was made for another folder, does not count as made.
UNFIT := $(shell [ -e $(STAMP) ] && { $(BIN)/python -c '' 2>/dev/null && [ "`cat $(STAMP)`" = "`pwd`" ] || rm -f $(STAMP); })

# The lock is held by whatever the command becomes, so that of two makes one waits for the other's environment.
LOCKED = $(PYTHON) -c 'import fcntl, os, sys; \
	lock = open(".cache/environment.lock", "w"); \
	fcntl.flock(lock, fcntl.LOCK_EX); \
	os.set_inheritable(lock.fileno(), True); \
	os.execvp(sys.argv[1], sys.argv[1:])'

define MAKE_ENVIRONMENT
if [ $(STAMP) -nt pyproject.toml ] && [ $(STAMP) -nt constraints.txt ]; then exit 0; fi
echo "Making $(VENV); this takes a minute." >&2
[ -e $(STAMP) ] || rm -rf $(VENV)
rm -f $(STAMP)
[ -d $(VENV) ] || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "make: $(PYTHON) cannot make environments: install its venv module (python3-venv on Debian)." >&2; exit 1; }
$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
pwd > $(STAMP)
endef
export MAKE_ENVIRONMENT

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: there is no $(PYTHON): install Python 3.11 or later, or name it by PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: Homeroom needs Python 3.11 or later and $(PYTHON) is `$(PYTHON) --version 2>&1`: name another by PYTHON=..." >&2; exit 1; }
	@mkdir -p .cache
	@$(LOCKED) sh -ec "$$MAKE_ENVIRONMENT"

constraints:
	@mkdir -p .cache && rm -rf .cache/constraints
	@$(PYTHON) -m venv .cache/constraints
	@.cache/constraints/bin/python -m pip install -q --disable-pip-version-check -e ".[dev]"
	@{ sed '/^#/!d' constraints.txt; .cache/constraints/bin/python -m pip freeze --exclude-editable | LC_ALL=C sort -f; } > .cache/constraints.txt
	@mv .cache/constraints.txt constraints.txt && rm -rf .cache/constraints

clean:
	rm -rf $(VENV) .cache .homeroom .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
