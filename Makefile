# `make` lists the targets. All of them work in .venv, which `install` makes; CI calls the same ones.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow test-gpu check format bench clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP)  ## make .venv and install bertkit for development, with the tested versions

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' constraints.txt)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: install  ## train the demo recipe, print its scores and three predictions
	@run=runs/demo-$$(date +%Y%m%d-%H%M%S) && \
	$(BIN)/bertkit train demo/support --output $$run && \
	$(BIN)/bertkit predict $$run \
		--text "The box came this morning and half of the cups are in pieces" \
		--text "how do i get into my account, it says wrong password" \
		--text "Could I speak with a real person please?"

test: install  ## run the tests
	$(BIN)/pytest

test-slow: install  ## run the tests that need minutes
	$(BIN)/pytest -m slow

test-gpu: install  ## run the tests that need a CUDA device
	BERTKIT_TEST_GPU=0 $(BIN)/pytest -m gpu -n 0

check: install  ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install  ## mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: install  ## time bertkit against what users run today (half an hour; DATA=train.csv takes real rows)
	$(BIN)/python benchmarks/label_metrics.py
	$(BIN)/python benchmarks/startup.py
	@for script in encode predict "predict --budgets" finetune; do \
		set -- $$script && $(BIN)/python benchmarks/$$1.py $$2 $(if $(DATA),--data $(DATA)) || exit 1; done
	$(BIN)/python benchmarks/side_by_side.py

clean:  ## remove .venv and caches
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache dist
