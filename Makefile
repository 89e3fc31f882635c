# The environment is .venv; stamp files in it record what is installed, so later calls start at once.
PYTHON ?= python3
MINUTES ?= 5
DOCS_MINUTES ?= 0.15
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
# escnn needs numpy below 2, so its bridge is tested in a separate environment.
ESCNN_BIN := .venv-escnn/bin
ESCNN_PIP := $(ESCNN_BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints-escnn.txt
# Libraries that are only timed, against which nothing else is tested.
PEERS_BIN := .venv-peers/bin
PEERS_PIP := $(PEERS_BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -c constraints-peers.txt

.PHONY: help train venv test test-demo test-escnn peers compiled test-compiled wheels lint typing test-wheel docs examples bench bench-quality bench-models clean

help:
	@echo "make train       make .venv, train on rotated digits for $(MINUTES) minutes, print the scores"
	@echo "make test        make .venv with the development extras, run the tests and doctests"
	@echo "make test-demo   fetch onnxruntime-web and playwright, test the pages of groupae demo in Chromium"
	@echo "make test-escnn  make .venv-escnn with escnn (no Fortran), test the bridge to it"
	@echo "make venv        make .venv with the development extras"
	@echo "make compiled    compile the C kernels, by a compiler from PyPI where there is none"
	@echo "make test-compiled  run the laws on each way: plain, portable, and each level of instructions"
	@echo "make wheels      make the wheels of every platform and the sdist in dist, inspect them"
	@echo "make test-wheel  install the wheel in dist for PYTHON=python3.X, empty otherwise, and try it"
	@echo "make lint        style, types, import contract, spelling"
	@echo "make typing      the types that a user's program gets, by mypy and pyright"
	@echo "make docs        build the documentation with warnings as errors; examples train for $(DOCS_MINUTES) minutes, or 0.3 where they draw their own model"
	@echo "make examples    run every example briefly, without the documentation"
	@echo "make peers       make .venv-peers with the libraries that make bench compares with"
	@echo "make bench       time representations against others and a copy, growth, starts, training steps (25 minutes)"
	@echo "make bench-quality  train to 25, 30 and 32 dB now and in version 0.1.0, side by side (18 minutes)"
	@echo "make bench-models  train the default and the paper's model for $(MINUTES) minutes each, compare scores"
	@echo "make clean       remove .venv and everything built; runs/ stays"

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "groupae: expected Python 3.10 or newer, got $$($(PYTHON) --version); set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "groupae: $(PYTHON) has no venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

# The install compiles the kernels where a C compiler is, so it is repeated when their source changes.
KERNELS := hatch_build.py groupae/kernels/compiled/building.py $(wildcard groupae/kernels/compiled/*.[ch])

.venv/.installed: .venv/.made pyproject.toml constraints.txt $(KERNELS)
	@echo "installing groupae into .venv (about two minutes the first time)"
	@$(PIP) -e .
	@touch $@

.venv/.developing: .venv/.installed
	@echo "installing the development extras into .venv"
	@$(PIP) -e '.[dev,docs]'
	@$(PIP) --no-deps lpips stlpips-pytorch aeon geomstats
	@touch $@

venv: .venv/.developing

train: .venv/.installed
	@$(BIN)/groupae train rotated-digits --minutes $(MINUTES) $(ARGS)

test: venv
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 $(ARGS)

# The only step that fetches onnxruntime-web (33 MB, into the cache); tests never do. The browser is the system's.
.venv/.browsing: .venv/.developing groupae/demo/runtime.py
	@echo "installing playwright into .venv, onnxruntime-web into the cache"
	@$(PIP) -e '.[browser]'
	@$(BIN)/python -m groupae.demo
	@touch $@

test-demo: .venv/.browsing
	@for name in "$$CHROMIUM" chromium chromium-browser google-chrome; do \
	  test -n "$$name" && command -v "$$name" >/dev/null && exit; done; \
	  echo "no Chromium: the tests in a browser are SKIPPED; install it (apt install chromium) or set CHROMIUM=PATH"
	$(ONE_THREAD) $(BIN)/python -m pytest -rs tests/demo/test_browser*.py $(ARGS)

# The extra lists what escnn needs. It also declares py3nj, which needs Fortran and is not used: hence
# --no-deps. lie_learn has wheels for these versions of Python.
.venv-escnn/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' \
	  || { echo "groupae: escnn wants Python 3.10 to 3.12, got $$($(PYTHON) --version); set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m venv .venv-escnn \
	  || { rm -rf .venv-escnn; echo "groupae: $(PYTHON) has no venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

.venv-escnn/.installed: .venv-escnn/.made pyproject.toml constraints-escnn.txt $(KERNELS)
	@echo "installing groupae and escnn into .venv-escnn (about two minutes the first time)"
	@$(ESCNN_PIP) -e '.[testing,escnn]' pytest-timeout
	@$(ESCNN_PIP) --no-deps escnn symm-learning
	@touch $@

test-escnn: .venv-escnn/.installed
	$(ONE_THREAD) $(ESCNN_BIN)/python -m pytest tests/interop/test_escnn.py tests/interop/test_escnn_audit.py tests/interop/test_steerable.py tests/interop/test_symm_learning.py tests/docs/test_your_encoder.py $(ARGS)

.venv-peers/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "groupae: the libraries to compare with want Python 3.11 or newer, got $$($(PYTHON) --version); set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m venv .venv-peers \
	  || { rm -rf .venv-peers; echo "groupae: $(PYTHON) has no venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

# --no-deps: fairchem and cuEquivariance would bring data bases and another torch, which the parts timed do not use.
.venv-peers/.installed: .venv-peers/.made pyproject.toml constraints.txt constraints-peers.txt $(KERNELS)
	@echo "installing groupae and the libraries to compare with into .venv-peers (about two minutes the first time)"
	@$(PEERS_PIP) -e '.[e3nn,cuequivariance]' spherical
	@$(PEERS_PIP) --no-deps cuequivariance-torch fairchem-core
	@touch $@

peers: .venv-peers/.installed

# The install compiles them where it finds a C compiler; the extra brings one where there is none.
compiled: .venv/.installed
	@command -v $${CC:-cc} >/dev/null || $(PIP) -e '.[compiled]'
	@$(BIN)/python -m groupae.kernels.compiled

# The highest level of instructions is that of `make test`, and tests/kernels tries each by itself.
LAWS := tests/representations/test_laws.py tests/actions/test_actions.py
LEVELS := from groupae.kernels.compiled.library import levels; print(*levels()[:-1])

test-compiled: venv compiled
	$(ONE_THREAD) $(BIN)/python -m pytest -q -n 2 tests/kernels $(ARGS)
	$(ONE_THREAD) GROUPAE_TEST_WAY=plain $(BIN)/python -m pytest -q -n 2 $(LAWS) $(ARGS)
	levels=$$($(BIN)/python -c '$(LEVELS)') || exit 1; for level in 0 $$levels; do \
	  echo "GROUPAE_COMPILED=$$level"; \
	  $(ONE_THREAD) GROUPAE_COMPILED=$$level $(BIN)/python -m pytest -q -n 2 $(LAWS) $(ARGS) || exit 1; done

# Wheels to publish, and the sdist. zig compiles for every platform on every machine.
WHEELS := linux-x86_64 linux-aarch64 macos-x86_64 macos-arm64 windows-x86_64

wheels: venv
	@$(PIP) -e '.[release]'
	rm -rf dist
	$(BIN)/python -m hatchling build -t sdist -d dist
	for wheel in $(WHEELS); do GROUPAE_WHEEL=$$wheel $(BIN)/python -m hatchling build -t wheel -d dist || exit 1; done
	$(BIN)/python -m twine check --strict dist/*
	GROUPAE_DIST=dist $(BIN)/python -m pytest tests/test_dist.py

# The newest dependencies that an index has, as a user gets them; CONSTRAINTS=constraints.txt pins them.
test-wheel:
	@test -d dist || { echo "groupae: expected wheels in dist, got none; make wheels first" >&2; exit 1; }
	@$(BIN)/python tests/wheel.py --python $(PYTHON) $(if $(CONSTRAINTS),--constraints $(CONSTRAINTS))

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

typing: venv
	@$(PIP) -e '.[typing]'
	@$(BIN)/python tests/typing/check.py

docs: venv
	$(ONE_THREAD) $(BIN)/python -m pytest -q --doctest-glob='*.rst' docs/*.rst docs/guides docs/understand docs/results docs/reference
	GROUPAE_MINUTES=$(DOCS_MINUTES) $(BIN)/sphinx-build -j 2 -W --keep-going -b html docs docs/_build/html
	@echo docs/_build/html/index.html

examples: venv
	for example in examples/plot_*.py; do MPLBACKEND=Agg GROUPAE_MINUTES=0.2 $(BIN)/python $$example || exit 1; done

# Nothing is set but the number of threads: the figures are those of an ordinary process.
bench: venv compiled .venv-escnn/.installed .venv-peers/.installed
	$(ONE_THREAD) $(BIN)/python benchmarks/representations.py
	$(ONE_THREAD) $(PEERS_BIN)/python benchmarks/peers.py
	$(ONE_THREAD) $(ESCNN_BIN)/python benchmarks/escnn_loop.py
	$(ONE_THREAD) $(PEERS_BIN)/python benchmarks/growth.py
	$(ONE_THREAD) $(BIN)/python benchmarks/roofline.py
	$(ONE_THREAD) $(BIN)/python benchmarks/products.py
	$(ONE_THREAD) $(BIN)/python benchmarks/ways.py
	$(ONE_THREAD) $(BIN)/python benchmarks/invariants.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/steps.py
	$(ONE_THREAD) $(BIN)/python benchmarks/training_profile.py
	$(ONE_THREAD) $(BIN)/python benchmarks/fit_overhead.py
	$(BIN)/python benchmarks/busy.py
	$(ONE_THREAD) $(BIN)/python benchmarks/long_run.py

bench-quality: venv compiled
	$(BIN)/python benchmarks/time_to_quality.py $(ARGS)

bench-models: .venv/.installed
	$(BIN)/python benchmarks/rotated_digits.py --minutes $(MINUTES)

clean:
	rm -rf groupae/kernels/compiled/kernels-* groupae/kernels/compiled/.kernels-* .venv .venv-escnn .venv-peers docs/_build docs/gallery docs/reference/api dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
