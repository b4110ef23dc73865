# make demo          a photograph becomes anime, pencil and colour pencil, in demo/
# make test          the tests
# make lint          style and types (types are checked on an installed wheel)
# make test-oracles  the comparison with PyTorch and what is published for it, in an environment of its own
# make test-short    a short suite on the installed wheel (.ci/run: another Python, and the lowest versions)
# make fuzz          damaged files for every reader, FUZZ_SECONDS each (a minute), the same for the same FUZZ_SEED
# make bench         ratios against what one would use instead
# make lock          newer versions of everything: constraints/ is written anew
# make clean         remove what these made
# PYTHON=python3.12 takes another Python, VENV=folder another environment.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$name -c '' 2>/dev/null && echo $$name && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
# The versions that are installed: those of the environment's Python.
LOCK ?= constraints/$(shell $(firstword $(wildcard $(BIN)/python) $(PYTHON)) -c \
	'import sys; print("{}.{}".format(*sys.version_info[:2]))').txt
PIP := $(BIN)/python -m pip install --quiet --constraint $(LOCK)
ORACLES := build/oracles
# One process of tests for each core, up to four: each may hold MindSpore.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist worksteal
SHORT := tests/files tests/store tests/plugins/test_animegan.py tests/neural/test_executors.py tests/test_image.py \
	tests/test_recipe.py tests/test_registry.py tests/test_any_picture.py tests/host_adapters/test_runner.py
PHOTOS := examples/astronaut.png examples/summer-palace.jpg
STEPS := 1-anime 2-sketch 3-color-pencil 4-anime-sketch 5-anime-color-pencil
DEMO := demo

.PHONY: demo test fuzz test-short test-oracles test-gimp test-gimp2 lint bench messages lock clean

$(VENV)/ready: pyproject.toml $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) pip setuptools wheel
	$(PIP) --no-build-isolation --editable ".[fast]"
	touch $@

$(VENV)/ready-test: $(VENV)/ready $(wildcard tests/third_party/senga-*/*.*)
	$(PIP) --no-build-isolation --editable ".[test]"
	$(PIP) --no-build-isolation --no-deps $(wildcard tests/third_party/senga-*)
	touch $@

$(VENV)/ready-lint: $(VENV)/ready-test
	$(PIP) --no-build-isolation --editable ".[lint]"
	touch $@

$(ORACLES)/ready: pyproject.toml constraints/oracles.txt
	test -x $(ORACLES)/bin/python || $(PYTHON) -m venv $(ORACLES)
	$(ORACLES)/bin/python -m pip install --quiet --constraint constraints/oracles.txt pip setuptools wheel
	$(ORACLES)/bin/python -m pip install --quiet --no-deps --requirement constraints/oracles.txt || { echo \
	"If it is PyTorch that was not found: name an index that has a build for the processor in PIP_EXTRA_INDEX_URL."; exit 1; }
	$(ORACLES)/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	$(ORACLES)/bin/python -c 'import torch, mindspore' # without them the tests would be skipped
	touch $@

constraints/.txt:
	@echo "No Python runs here, or the one of $(VENV) is gone: make clean, or make PYTHON=..."; exit 1

constraints/%.txt:
	@echo "Senga needs Python 3.11 to 3.14; this is $*. Name another: make PYTHON=python3.12 VENV=.venv-3.12"; exit 1

demo: $(VENV)/ready
	$(BIN)/senga run anime $(PHOTOS) -o '$(DEMO)/{stem}-1-anime.png' --overwrite replace
	$(BIN)/senga run sketch $(PHOTOS) -o '$(DEMO)/{stem}-2-sketch.png' --overwrite replace
	$(BIN)/senga run color-pencil $(PHOTOS) -o '$(DEMO)/{stem}-3-color-pencil.png' --overwrite replace
	$(BIN)/senga run --recipe examples/anime-then-pencil.toml $(PHOTOS) -o '$(DEMO)/{stem}-4-anime-sketch.png' --overwrite replace
	$(BIN)/senga run --recipe examples/anime-then-color-pencil.toml $(PHOTOS) -o '$(DEMO)/{stem}-5-anime-color-pencil.png' --overwrite replace
	$(BIN)/senga run drawing-process $(PHOTOS) -o '$(DEMO)/{stem}-6-drawing-process.webp' --overwrite replace
	$(BIN)/python examples/contact_sheet.py $(DEMO)/contact-sheet.jpg $(foreach photo,$(PHOTOS),$(photo) $(STEPS:%=$(DEMO)/$(basename $(notdir $(photo)))-%.png))
	@echo "Look at $(DEMO)/contact-sheet.jpg"

test: $(VENV)/ready-test
	$(BIN)/pytest $(SIDE_BY_SIDE)

# In VENV, which it makes: the wheel as a user gets it.
test-short: $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) pip setuptools wheel
	rm -rf build/lib
	$(PIP) --no-build-isolation ".[fast,test]"
	$(PIP) --no-build-isolation --no-deps $(wildcard tests/third_party/senga-*)
	$(BIN)/pytest $(SIDE_BY_SIDE) $(SHORT)

test-oracles: $(ORACLES)/ready
	$(ORACLES)/bin/pytest tests/training tests/neural/evaluation/test_packages.py \
		tests/neural/evaluation/test_style.py tests/neural/training/test_losses.py \
		tests/neural/training/test_every_block.py tests/ops/test_transfer.py tests/plugins/test_any_style.py tests/neural/test_optimising.py \
		tests/neural/checkpoints/test_hdf5.py

test-gimp: $(VENV)/ready-test
	.ci/gimp/run

test-gimp2: $(VENV)/ready-test
	.ci/gimp2/run

fuzz: $(VENV)/ready-test
	$(BIN)/python tests/fuzz $(if $(FUZZ_SECONDS),--seconds $(FUZZ_SECONDS)) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED)) $(if $(FUZZ_READERS),--readers $(FUZZ_READERS))

messages: $(VENV)/ready-test
	$(BIN)/python tools/messages.py

lint: $(VENV)/ready-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build/typed build/lib
	$(PIP) --no-build-isolation --no-deps --target build/typed .
	cd build/typed && MYPYPATH=. $(abspath $(BIN))/mypy --config-file $(abspath pyproject.toml) -p senga

lock: $(VENV)/ready
	$(PIP) uv
	$(BIN)/python tools/lock.py

bench: $(VENV)/ready-test
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/sketch.py
	$(BIN)/python benchmarks/effects.py
	$(BIN)/python benchmarks/animegan.py
	$(BIN)/python benchmarks/floor.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/films.py
	$(BIN)/python benchmarks/face_drawing.py
	$(BIN)/python benchmarks/worker.py
	$(BIN)/python benchmarks/animations.py
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info
