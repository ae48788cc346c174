# Everything is done through these targets; `make` alone lists them.

PYTHON ?=
VENV ?= .venv
ARGS ?=
MECHANISM ?=
EXTRAS ?=
PART ?= quick
PROCESSES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
comma := ,

SHELL := /bin/sh
# Where it is set, every process would compile the package anew, and tests and visits start thousands.
export PYTHONDONTWRITEBYTECODE =
BIN := $(VENV)/bin
FITTING = for python in $(PYTHON) python3.15 python3.14 python3.13 python3.12 python3.11 python3 python; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$python"; break; fi; done

.PHONY: help bench test test-all contract mutations soak check lint format types harness reference reports smoke docs clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

bench: $(VENV)/ready  ## measure and report; make bench ARGS=--fast is the two-minute one
	@$(BIN)/python -m ipcbench all $(ARGS)

SIDE_BY_SIDE = -n $(PROCESSES) --maxprocesses 8 --dist loadfile

test: $(VENV)/ready-test  ## the quick part of the tests; EXTRAS=third-party,fleet in a new VENV: those of libraries and fleets too
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) --part $(PART) $(ARGS)

test-all: test  ## all tests: the quick part, then every combination and whatever takes long
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) --part rest $(ARGS)

contract: $(VENV)/ready-test  ## the contract test alone; MECHANISM=pipe for one mechanism
	@$(BIN)/python -m pytest tests/measure/contract/test_contract.py $(if $(MECHANISM),-k "$(MECHANISM)") $(ARGS)

soak: $(VENV)/ready-test  ## the long tests: hours of chances to be wrong in minutes; ARGS='-k reading' for some
	@$(BIN)/python -m pytest tests/soak -s -o faulthandler_timeout=0 $(ARGS)

mutations: $(VENV)/ready-test  ## take away every line that a promise rests on; do the tests notice?
	@$(BIN)/python tests/support/mutations.py $(ARGS)

check: lint types test  ## what a contributor runs: lint, types, and the quick part of the tests

lint: $(VENV)/ready-test  ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(VENV)/ready-test  ## ruff: rewrite
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

types: $(VENV)/ready-test  ## mypy, strict
	@$(BIN)/mypy

harness: $(VENV)/ready  ## what ipcbench itself costs: all scripts of benchmarks/harness, into harness.json and a table
	@$(BIN)/python benchmarks/harness/together.py $(ARGS)

reference: $(VENV)/ready  ## measure the committed run, results/reference.json, and its report anew; alone on the machine
	@$(BIN)/python -m ipcbench all --label reference --force $(ARGS)

reports: $(VENV)/ready  ## write the committed reports and the golden report of the tests anew, from their results files
	@$(BIN)/python -m ipcbench report tests/golden/report-small/small.json --out tests/golden/report-small >/dev/null
	@for file in results/reference.json results/choosing.json.gz results/third-party.json.gz; do \
		$(BIN)/python -m ipcbench report $$file >/dev/null || exit; done

smoke: $(VENV)/ready  ## every mechanism and pattern once, smallest setting, then a report
	@$(BIN)/python -m ipcbench all --pattern '*' --mechanism '*' --rounds 1 --label smoke --force $(ARGS)

docs: $(VENV)/ready-docs  ## the site of docs/ into build/docs; a warning is an error
	@$(BIN)/python -m sphinx -W --keep-going -n -E -q -d build/doctrees docs build/docs && echo build/docs/index.html

clean:  ## build output and caches, never results or reports
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find ipcbench benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made:
	@python="$$($(FITTING))"; \
	if [ -z "$$python" ]; then \
		echo "ipcbench needs Python 3.11 or newer and found none: install one, or name it, as in: make bench PYTHON=/opt/python3.13/bin/python3" >&2; exit 1; fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "ipcbench needs the venv module of $$python, which is missing: install it (Debian: apt install python3-venv)" >&2; exit 1; fi; \
	"$$python" -m venv $(VENV) && touch $@

$(VENV)/ready: $(VENV)/made pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e . && touch $@

$(VENV)/ready-test: $(VENV)/made pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test$(if $(EXTRAS),$(comma)$(EXTRAS))]' && touch $(VENV)/ready $(VENV)/ready-docs $@

$(VENV)/ready-docs: $(VENV)/made pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]' && touch $(VENV)/ready $@
