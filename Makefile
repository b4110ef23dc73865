# make demo   a photograph becomes anime, pencil and colour pencil, in demo/
# make test   the tests
# make lint   style and types (types are checked on an installed wheel)
# make fuzz   damaged files for every reader, FUZZ_SECONDS each (a minute), the same for the same FUZZ_SEED
# make bench  ratios against what one would use instead
# make clean  remove what these made

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PHOTOS := examples/astronaut.png examples/summer-palace.jpg
STEPS := 1-anime 2-sketch 3-color-pencil 4-anime-sketch 5-anime-color-pencil
DEMO := demo

.PHONY: demo test fuzz test-gimp test-gimp2 lint bench messages clean

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[fast]"
	touch $@

$(VENV)/ready-test: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	$(BIN)/python -m pip install --quiet --no-deps tests/third_party/senga-posterize
	touch $@

$(VENV)/ready-lint: $(VENV)/ready-test
	$(BIN)/python -m pip install --quiet --editable ".[lint]"
	touch $@

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
	$(BIN)/pytest

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
	$(BIN)/python -m pip install --quiet --no-deps --target build/typed .
	cd build/typed && MYPYPATH=. $(abspath $(BIN))/mypy --config-file $(abspath pyproject.toml) -p senga

bench: $(VENV)/ready-test
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/sketch.py
	$(BIN)/python benchmarks/animegan.py
	$(BIN)/python benchmarks/floor.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/worker.py
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info
