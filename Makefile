# `make` lists the targets. All of them work in .venv, which `install` makes; CI calls the same ones.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
WHEEL := .venv-wheel
QUIET := --quiet --disable-pip-version-check
BENCHMARKS := $(filter-out answers side_by_side,$(basename $(notdir $(wildcard benchmarks/*.py))))

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow fuzz kills test-gpu test-wheel check format bench clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP)  ## make .venv and install bertkit for development, with the tested versions

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install $(QUIET) $$(grep '^torch==' constraints.txt)
	$(BIN)/python -m pip install $(QUIET) --constraint constraints.txt --editable '.[dev]'
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

fuzz: install  ## attack every command with N broken inputs (N=5000 SEED=1); one again: CASE=1234
	$(BIN)/python -m tests.fuzz $(or $(N),1000) --seed $(or $(SEED),1) $(CASE:%=--case %)

kills: install  ## kill N commands at random moments (N=100), and end each as if it had been left alone
	$(BIN)/python -m tests.fuzz.kills $(or $(N),100) --seed $(or $(SEED),1)

test-gpu: install  ## run the tests that need a CUDA device
	BERTKIT_TEST_GPU=0 $(BIN)/pytest -m gpu -n 0

test-wheel:  ## build the wheel, install it in an environment of its own, train from it outside this folder
	rm -rf $(WHEEL) dist
	$(PYTHON) -m venv $(WHEEL)
	$(WHEEL)/bin/python -m pip install $(QUIET) $$(grep '^torch==' constraints.txt)
	$(WHEEL)/bin/python -m pip wheel $(QUIET) --no-deps --wheel-dir dist .
	$(WHEEL)/bin/python -m pip install $(QUIET) --constraint constraints.txt "$$(echo dist/*.whl)[demo]"
	@set -ex; bin=$$PWD/$(WHEEL)/bin; cd "$$(mktemp -d)"; \
	$$bin/python -c 'from importlib.resources import files; assert (files("bertkit") / "py.typed").is_file()'; \
	$$bin/bertkit recipe list; \
	$$bin/bertkit recipe copy ner/conll2003; \
	$$bin/bertkit train demo/support --set train.max_steps=3 --output run; \
	$$bin/bertkit predict run --text "The box came this morning and half of the cups are in pieces"

check: install  ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install  ## mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: install  ## run all of benchmarks/ (an hour or so; DATA=train.csv, and RUN=runs/mine QUESTIONS=dev.json)
	@set -e; for script in $(BENCHMARKS); do \
		case $$script in encode|finetune|predict) data="$(DATA:%=--data %)" ;; *) data= ;; esac; \
		echo "== $$script"; $(BIN)/python benchmarks/$$script.py $$data; done
	$(BIN)/python benchmarks/predict.py --budgets $(DATA:%=--data %)
	$(if $(and $(RUN),$(QUESTIONS)),$(BIN)/python benchmarks/answers.py $(RUN) --data $(QUESTIONS),\
		@echo "answers: not measured; RUN= names a squad Run, QUESTIONS= a file of questions")
	$(BIN)/python benchmarks/side_by_side.py

clean:  ## remove environments, caches and the wheel
	rm -rf .venv $(WHEEL) .pytest_cache .ruff_cache .mypy_cache dist
