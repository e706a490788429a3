# The main commands. `make run` and `make test` need only Python >= 3.11, git and make; each builds its own
# virtual environment in .venv the first time (about two minutes), and is quick when repeated.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help run app test test-thorough test-312 test-hydra14 has-312 lint types docs gallery clean

# The first interpreter that starts and is Python >= 3.11.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v "$$p"; break; }; done)
# A Python 3.12, where there is one (the newest Mesa needs it).
PYTHON312 ?= $(shell for p in python3.12 "$$HOME"/.pyenv/versions/3.12*/bin/python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' >/dev/null 2>&1 && { command -v "$$p"; break; }; done)
PIP_OPTIONS := --quiet --disable-pip-version-check --constraint constraints.txt
# Tests that a second Python with another Mesa is worth: Mesa itself, states and hashes (the same in both), commands, a page in a browser.
ON_312 := mesa state determinism interventions policies reasons conservation network streams cli compose manifest new_scenario house \
	interrupts app_course app_levers
# Of the page: that it is shown, that windows end with their models, and that Ctrl-C ends it.
PAGE_312 := windows_have_kernels_of_their_own_which_end_with_them it_stops_at_once_with_a_window_open
# Tests wait for browsers and processes now and then: one worker more than cores.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1 )))
PYTEST := -m pytest -n $(WORKERS) -q
THOROUGH := tests/test_reference.py tests/test_gravity_reference.py tests/test_flee_rule.py
INPUTS := pyproject.toml constraints.txt

help:
	@echo "make run       install into .venv and run the flagship scenario (results in outputs/)"
	@echo "make app       install with the browser app into .venv and open it"
	@echo "make test      install into .venv and run the tests"
	@echo "make test-thorough  the comparisons with people one by one, with as many seeds as docs/people.md names, and the slow tests (ten minutes)"
	@echo "make test-312  the tests that depend on Python or Mesa on Python 3.12 with the newest supported Mesa, in .venv312"
	@echo "make test-hydra14  the tests of configs and multiruns on Hydra 1.4, in .venvh14"
	@echo "make gallery   run the named studies again and rewrite docs/gallery (about ten minutes)"
	@echo "make lint      ruff: style and common mistakes"
	@echo "make types     mypy --strict"
	@echo "make docs      check that the generated pages of docs/ are up to date"
	@echo "make clean     remove the virtual environments"

# Test workers use all cores already.
test test-thorough test-312 test-hydra14: export OPENBLAS_NUM_THREADS := 1
test test-thorough test-312 test-hydra14: export OMP_NUM_THREADS := 1

# $(call install,FOLDER,INTERPRETER,WHAT,PACKAGE,OPTIONS): a virtual environment with WHAT, at the versions of constraints.txt.
define install
	@if [ -z "$(2)" ]; then \
		echo "error: Marchland needs Python 3.11 or newer, and none of python3.11, python3.12, python3.13, python3 is one;" \
			"install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; fi
	@if ! [ -x $(1)/bin/python ] || ! $(1)/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "Making a virtual environment in $(1) with $(2)"; \
		"$(2)" -m venv --clear $(1) || { echo "error: $(2) cannot make virtual environments (on Debian and Ubuntu:" \
			"apt install python3-venv)" >&2; exit 2; }; fi
	@echo "Installing Marchland $(3) into $(1) (versions: constraints.txt)"
	@$(1)/bin/python -m pip install $(PIP_OPTIONS) $(5) --editable "$(4)"
	@touch $@
endef

.venv/.installed: $(INPUTS)
	$(call install,.venv,$(PYTHON),,.)

.venv/.installed-app: $(INPUTS)
	$(call install,.venv,$(PYTHON),with its browser app,.[app])

.venv/.installed-test: $(INPUTS)
	$(call install,.venv,$(PYTHON),with its test tools,.[test])

.venv/.installed-dev: $(INPUTS)
	$(call install,.venv,$(PYTHON),with its test and style tools,.[dev])

.venv312/.installed-test: $(INPUTS)
	@if [ -z "$(PYTHON312)" ]; then \
		echo "error: no Python 3.12 found (looked for python3.12 and ~/.pyenv/versions/3.12*);" \
			"name it: make PYTHON312=/path/to/python3.12 test-312" >&2; exit 2; fi
	$(call install,.venv312,$(PYTHON312),with its test tools,.[test],--no-compile)

# Hydra 1.4 is a release candidate, and so are its plugins; constraints.txt pins 1.3.8 and does not fit. Hydra is named
# again in the second line, so that pip stays with it, and `--pre` only in the first, so that nothing else is a pre-release.
.venvh14/.installed-test: $(INPUTS)
	@"$(PYTHON)" -m venv --clear .venvh14
	@echo "Installing Marchland with Hydra 1.4 into .venvh14"
	@.venvh14/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --pre 'hydra-core>=1.4.0rc3,<1.5' 'hydra-submitit-launcher>=1.4.0rc3,<1.5' 'submitit>=1.5'
	@.venvh14/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --editable . 'hydra-core>=1.4.0rc3,<1.5' pytest pytest-xdist pytest-timeout hypothesis
	@touch $@

run: .venv/.installed
	@echo "Running the flagship scenario: .venv/bin/marchland run $(ARGS)"
	@.venv/bin/marchland run $(ARGS)

app: .venv/.installed-app
	@echo "Starting the browser app: .venv/bin/marchland app $(ARGS)"
	@.venv/bin/marchland app $(ARGS)

test: .venv/.installed-test
	@echo "Running the tests: .venv/bin/python -m pytest $(ARGS)"
	@.venv/bin/python $(PYTEST) -m "not alone and not slow" $(ARGS) || [ $$? = 5 ]  # 5: ARGS choose none of them
	@echo "Running the tests that measure times, alone"
	@.venv/bin/python -m pytest -q -m alone $(ARGS) || [ $$? = 5 ]

# What is a matter of chance, as often as the docs promise, and what is slow.
test-thorough: .venv/.installed-test
	@echo "Running the comparisons with people one by one: .venv/bin/python -m pytest $(THOROUGH) $(ARGS)"
	@MARCHLAND_THOROUGH=1 .venv/bin/python $(PYTEST) $(THOROUGH) $(ARGS)
	@echo "Running the slow tests"
	@.venv/bin/python $(PYTEST) -m slow $(ARGS)

test-312: .venv312/.installed-test
	@echo "Running the tests on Python 3.12: .venv312/bin/python -m pytest $(ARGS)"
	@.venv312/bin/python $(PYTEST) -m "not alone" -p no:cacheprovider $(ON_312:%=tests/test_%.py) $(PAGE_312:%=tests/test_app_serve.py::test_%) $(ARGS)

test-hydra14: .venvh14/.installed-test
	@echo "Running the tests of configs and multiruns on Hydra 1.4"
	@.venvh14/bin/python $(PYTEST) -p no:cacheprovider tests/test_hydra.py tests/test_compose.py $(ARGS)

has-312:
	@test -n "$(PYTHON312)"

lint: .venv/.installed-dev
	@echo "Checking style: ruff"
	@.venv/bin/ruff check .

types: .venv/.installed-dev
	@echo "Checking types: mypy --strict"
	@.venv/bin/mypy

docs: .venv/.installed-dev
	@echo "Checking the generated pages of docs/"
	@.venv/bin/python -m experiments.docs --check
	@.venv/bin/python -m experiments.gallery --check

gallery: .venv/.installed-dev
	@echo "Running the studies of docs/gallery"
	@.venv/bin/python -m experiments.gallery $(ARGS)

clean:
	@echo "Removing .venv, .venv312 and .venvh14"
	@rm -rf .venv .venv312 .venvh14
