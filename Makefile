# SPDX-License-Identifier: Apache-2.0
# The front door. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check
BUILD := build/Release
JOBS ?= $(shell nproc)
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)
# What the installed package is made of.
CORE_SOURCES := $(shell find include src cmake CMakeLists.txt -type f ! -name '*_test.cc' ! -name '*.md' 2>/dev/null)
PACKAGE_SOURCES := $(CORE_SOURCES) pyproject.toml $(shell find python/headrace -type f ! -path '*/__pycache__/*' 2>/dev/null)
CPP_FILES = $(shell find include src examples bench fuzz -name '*.h' -o -name '*.cc')

.PHONY: help setup system package demo test test-cpp test-python bench lint format parity asan tsan debug clean
.PHONY: demo-wheels fuzz clang

help:  ## list the targets
	@sed -nE 's/^([a-z][a-z -]*):[^#]*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: system package  ## system packages, .venv, build, install; quick when nothing changed

system:
	@tools/install_system_packages.sh

$(VENV)/bin/python: | system
	$$(tools/find_python.sh) -m venv $(VENV)
	$(PY) $(PIP_INSTALL) --upgrade pip

$(VENV)/.dev-wheels: requirements/dev.txt | $(VENV)/bin/python
	$(PY) $(PIP_INSTALL) -r $<
	@touch $@

$(VENV)/.demo-wheels: requirements/demo.txt $(VENV)/.dev-wheels
	$(PY) $(PIP_INSTALL) -r $<
	@touch $@

demo-wheels: $(VENV)/.demo-wheels

# Not editable: what is tested is what a user installs. Ninja and ccache make a repeat cheap.
$(VENV)/.package: $(PACKAGE_SOURCES) $(VENV)/.dev-wheels
	$(PY) $(PIP_INSTALL) --no-build-isolation --no-deps --force-reinstall \
	  -C cmake.define.HEADRACE_BUILD_TESTS=ON .
	@touch $@

package: $(VENV)/.package

demo: setup demo-wheels  ## classify 2,000 photographs with a pretrained model
	$(PY) examples/classify_images.py

test: test-cpp test-python  ## C++ unit tests, then the Python tests

test-cpp: setup
	cmake --build $(BUILD)
	ctest --test-dir $(BUILD) --output-on-failure --timeout 300 -j $(JOBS)

test-python: setup demo-wheels
	$(PY) -m pytest -q python/tests tests examples

bench: setup  ## micro benchmarks and whole pipelines of bench/
	$(PY) bench/run.py

lint: $(VENV)/.dev-wheels  ## format, layers, headers, ruff, mypy
	@echo $(CPP_FILES) | xargs -r clang-format --dry-run -Werror
	$(PY) tools/check_layers.py
	$(PY) tools/check_headers.py
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

format: $(VENV)/.dev-wheels  ## rewrite the sources in the project's format
	@echo $(CPP_FILES) | xargs -r clang-format -i
	$(VENV)/bin/ruff check --fix-only --quiet .

parity: setup  ## the same programs in headrace and Ray Data (own environment)
	@test -d .venv-parity || $$(tools/find_python.sh) -m venv .venv-parity
	.venv-parity/bin/python $(PIP_INSTALL) -r requirements/parity.txt
	rm -rf build/parity
	$(PY) -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps \
	  -C cmake.define.HEADRACE_BUILD_TESTS=ON -w build/parity .
	.venv-parity/bin/python $(PIP_INSTALL) --no-deps --force-reinstall build/parity/headrace-*.whl
	.venv-parity/bin/python -m pytest -q tests/parity

# Clang compiles these in half of GCC's time.
clang:
	@tools/install_system_packages.sh sanitizer_packages.txt
asan tsan fuzz: clang

asan debug: $(VENV)/.dev-wheels  ## C++ unit tests in that preset
	cmake --preset $@ >/dev/null
	cmake --build --preset $@ --target unit_tests
	ctest --preset $@ --label-regex unit

# Where threads meet. The other folders have none.
THREADED := store task exec worker backend
tsan: $(VENV)/.dev-wheels  ## C++ unit tests of the folders with threads, under the thread sanitizer
	cmake --preset $@ >/dev/null
	cmake --build --preset $@ --target $(THREADED:=_test)
	ctest --preset $@ --tests-regex "^($$(tr ' ' '|' <<<'$(THREADED)'))$$"

# Findings are written to build/fuzz/findings; what was learnt stays in build/fuzz/corpus.
FUZZ_SECONDS ?= 60
fuzz: $(VENV)/.dev-wheels  ## run each fuzz target for FUZZ_SECONDS (60)
	cmake --preset fuzz >/dev/null
	cmake --build --preset fuzz
	$(PY) fuzz/make_seeds.py build/fuzz/seeds
	@mkdir -p build/fuzz/findings; \
	for target in build/fuzz/fuzz/fuzz_*; do \
	  name=$${target##*/fuzz_}; mkdir -p build/fuzz/corpus/$$name; echo "fuzz $$name"; \
	  ASAN_OPTIONS=detect_container_overflow=0 $$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -verbosity=0 -print_final_stats=1 -artifact_prefix=build/fuzz/findings/$$name- \
	    build/fuzz/corpus/$$name build/fuzz/seeds/$$name; \
	done

clean:  ## remove what was built; keeps .venv
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis $(VENV)/.package
