# Two commands on a fresh machine: `make demo` and `make test`. Another Python: make demo PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
EXTRA := $(VENV)/.requirements-extra
EXTRAS := $(wildcard requirements/*.txt)
# pip compiles byte code as it installs; without it every import takes three times as long.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --compile

# Whole runs, other processes, networks in full: what a change of one function hardly needs.
SLOW := system engines inference trials training models spectrograms/test_render.py spectrograms/test_processes.py \
	features/test_embeddings.py store/test_origin.py data/test_leakage.py analysis/test_page.py analysis/test_saving.py

.PHONY: help setup demo test quick lint format bench clean

help:
	@echo "make demo    install into .venv and run configs/demo.yaml"
	@echo "make test    install into .venv and run the test suite"
	@echo "make quick   the tests that need neither whole runs nor other programs"
	@echo "make lint    check style"
	@echo "make bench   time rendering and report against plain ways"
	@echo "make clean   remove .venv, caches and the demo's results"

setup: $(STAMP)

$(STAMP): requirements.txt requirements/test.txt
	@$(PYTHON) benchmark/doctor.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing requirements.txt into $(VENV) (a minute or two) ..."
	@$(PIP) $(^:%=-r %)
	@touch $@

# What optional features need, so that their tests run too.
$(EXTRA): $(EXTRAS) $(STAMP)
	@echo "installing requirements/ into $(VENV) ..."
	@$(PIP) $(EXTRAS:%=-r %)
	@touch $@

demo: setup
	@$(BIN)/python run_benchmark.py run configs/demo.yaml

test: $(EXTRA)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

quick: setup
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(SLOW:%=--ignore=tests/%)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup
	@$(BIN)/python tests/benchmarks/rendering.py
	@$(BIN)/python tests/benchmarks/report.py

clean:
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache build *.egg-info results/demo
