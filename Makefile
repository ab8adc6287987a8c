# Each target sets up what it needs in .venv by itself; the second run starts at once. Any checkout path will do.
# PYTHON=python3.12 chooses the interpreter, ARGS="-k spf" goes to the command that the target runs.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-all lint format bench generate lock clean
export PYTHON
# pytest keeps the tests that it has rewritten, and a command that a test starts finds its modules compiled
export PYTHONDONTWRITEBYTECODE :=
python := .venv/bin/python
uv_version := 0.13.9

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 12

demo: ## audit the sample sender before and after its repair, through real DNS on this machine
	@sh requirements/install.sh run
	@$(python) -m deliverability demo $(ARGS)

test: ## the tests: no network, no browser, no daemons, no shared data
	@sh requirements/install.sh test
	@$(python) -m pytest -n 2 $(ARGS)

# ARGS=--rest leaves out what make test has just run, but for the tests of protocols/ and lookup/: .ci/run does that.
test-all: ## every test, with coverage; protocols/ and lookup/ keep 95 % of statements
	@sh requirements/install.sh all
	@$(python) -m pytest -n 2 --all -m "not corpus and not corpus_slow" --cov --cov-report= $(ARGS)
	@$(python) -m pytest -n 2 --all -m "corpus or corpus_slow" $(ARGS)
	@$(python) -m coverage report
	@$(python) -m coverage report --include "deliverability/lookup/*" --fail-under=95
	@$(python) -m coverage report --include "deliverability/protocols/*" --fail-under=95

lint: ## format, lint, types, generated files, what the wheel holds; every step runs, so that one run shows every fault
	@sh requirements/install.sh dev
	@failed=; for step in "-m ruff format --check ." "-m ruff check ." "-m mypy" "-m mypy tests" "-m pyright" \
		"tests/generated.py --check" "-m pytest -q tests/packaging"; do \
		echo "lint: $$step"; $(python) $$step || failed="$$failed ($$step)"; \
	done; [ -z "$$failed" ] || { echo "lint: failed:$$failed"; exit 1; }

format: ## rewrite the code as lint wants it
	@sh requirements/install.sh dev
	@$(python) -m ruff check --fix-only .
	@$(python) -m ruff format .

bench: ## measure against the bars of the design
	@sh requirements/install.sh test
	@PYTHONPATH=tests $(python) -m bench $(ARGS)

generate: ## rewrite the files that are made from code
	@sh requirements/install.sh test
	@$(python) tests/generated.py

# The pins that are there stay unless ARGS=--upgrade. The index is the one that uv is set up for and is not written down.
compile = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-config
lock: ## resolve requirements/*.txt anew
	@sh requirements/install.sh run
	@$(python) -m venv .venv-lock
	@.venv-lock/bin/python -m pip --quiet --quiet --disable-pip-version-check install uv==$(uv_version)
	@cd requirements && ../$(compile) $(ARGS) ../pyproject.toml --extra events --extra message --extra zones run.in -o run.txt
	@cd requirements && ../$(compile) $(ARGS) ../pyproject.toml --extra doh --extra events --extra message --extra zones run.in test.in -c run.txt -o test.txt
	@cd requirements && ../$(compile) $(ARGS) ../pyproject.toml --extra doh --extra events --extra message --extra zones run.in test.in all.in -c test.txt -o all.txt
	@cd requirements && ../$(compile) $(ARGS) ../pyproject.toml --extra doh --extra events --extra message --extra zones run.in test.in all.in dev.in -c all.txt -o dev.txt

clean: ## remove what make and the tools made
	@rm -rf .venv .venv-lock build dist *.egg-info .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
