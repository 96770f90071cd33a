# The two commands that matter: `make demo` to see it work, `make test` to prove it. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
FAST := not (mariadb or redis or php or nginx or browser or slow)
# make demo ARGS=--once     make test PYTEST="-k webhook" JOBS=0
ARGS ?=
PYTEST ?=
# Test processes, each with servers of its own: twice as many as cores, for most tests wait for somebody, and 8 at most, for the memory.
# With 0 the tests run in one, which a debugger needs. Who has nothing left to do takes over half of what another has (worksteal).
JOBS ?= $(shell n=$$((2 * $$(nproc))); echo $$((n > 8 ? 8 : n)))

# The tests start hundreds of processes: each would compile the program again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-fast test-mysql test-shop proofs check format requirements lock bench shim clean venv runtime packages

help: ## Show what there is to make
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

demo: runtime ## See it: shop, Mollie and bridge simulated on this machine (ARGS=--once: run the scenario and exit)
	$(BIN)/mollie-bridge demo $(ARGS)

test: packages venv check ## Prove it: everything, on real MariaDB, Redis, PHP, nginx and Chromium (installs them when missing)
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not alone" $(PYTEST)
	$(BIN)/pytest -m alone $(PYTEST) || [ $$? -eq 5 ]

test-fast: venv ## The tests that need no service
	$(BIN)/pytest -n auto --dist worksteal -m "$(FAST)" $(PYTEST)

test-mysql: packages venv ## The tests of the database on MySQL: MOLBRIDGE_TEST_MYSQLD, a mysqld in PATH, or one fetched from Debian's unstable
	mysqld=$${MOLBRIDGE_TEST_MYSQLD:-$$(scripts/mysql-server)}; \
		MOLBRIDGE_TEST_MYSQLD=$$mysqld $(BIN)/pytest -n $(JOBS) --dist worksteal -m "mariadb and not alone" $(PYTEST)

test-shop: venv ## Try a PrestaShop that is there (CONFIG=, SHOPPER=email:password, PRODUCT=): docs/how-to/try-in-a-test-shop.md
	$(BIN)/python -m tests.real_shop --config "$(CONFIG)" --shopper "$(SHOPPER)" --product "$(PRODUCT)" \
		--method "$(or $(METHOD),ideal)" --rounds "$(or $(ROUNDS),3)"

proofs: packages venv ## Races with 100 carts each and 50 stopped sidecars, where `make test` takes 25 and 24
	CARTS=100 $(BIN)/pytest -n $(JOBS) --dist worksteal tests/shim/test_races.py $(PYTEST)
	ROUNDS=50 $(BIN)/pytest tests/integration/test_stopped_sidecar.py $(PYTEST)

check: venv ## Style, types, layers, PHP syntax, generated files
	scripts/check

format: venv ## Put the code into shape
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

requirements: venv ## The requirements and the tests that prove each
	@$(BIN)/pytest --requirements -q

lock: venv ## Bring the pinned dependencies up to date with pyproject.toml
	scripts/lock $(ARGS)

shim: ## The PrestaShop module's zip, to be uploaded in the back office
	@scripts/shim

bench: packages venv ## The benchmarks, each held against its limit
	scripts/bench $(ARGS)

clean: ## Remove what was made: the virtual environment and the caches
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# What the others stand on. Each is quick when there is nothing to do.
packages:
	@scripts/debian-packages services

venv:
	@PYTHON=$(PYTHON) scripts/venv dev

runtime:
	@PYTHON=$(PYTHON) scripts/venv runtime
