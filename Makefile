# Everything a newcomer runs. `make` alone prints this list.
# Each target prepares .venv by itself; the second time that costs nothing.

VENV = .venv/bin
# More arguments for the command: make test ARGS="-k widget", make demo ARGS="--port 9000"
ARGS =
# Test processes at the same time: a number, or `logical` for two a CPU.
WORKERS = logical

help: ## print this list
	@echo "usage: make TARGET [ARGS=...]"
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | \
		while IFS='	' read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done

demo: run-ready assets-ready ## a whole shop in one process, to click through; nothing to set up
	@$(VENV)/notifier demo $(ARGS)

# Tests start many short processes: let them keep what they compiled, whatever the shell says.
test: test-ready assets-ready browser-ready ## all tests, on SQLite and PostgreSQL, with a browser
	@PYTHONDONTWRITEBYTECODE= $(VENV)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal $(ARGS)

bench: test-ready assets-ready ## measure speed against the yardsticks; prints ratios
	@$(VENV)/python -m bench $(ARGS)

soak: test-ready assets-ready ## the long runs: kills, outages, hours of simulated time
	@$(VENV)/python -m pytest -m "soak or fault" -n 3 --maxschedchunk 1 --timeout 3600 $(ARGS)

fixtures: test-ready ## read the collected feeds and pages of real shops: file, expected, got
	@$(VENV)/python -m tests.fixtures_report $(ARGS)

lint: lint-ready ## style and types
	@$(VENV)/ruff check $(ARGS)
	@$(VENV)/ruff format --check
	@$(VENV)/mypy
	@$(VENV)/python -m tests.meta.sizes

pictures: test-ready assets-ready browser-ready ## make the README's pictures anew from the running demo
	@$(VENV)/python scripts/pictures.py $(ARGS)
	@$(VENV)/python scripts/admin_pictures.py

lock: ## write requirements/*.txt anew from setup.cfg (ARGS=--upgrade for newer versions)
	@sh scripts/lock.sh $(ARGS)

clean: ## remove what the other targets made
	rm -rf .venv node_modules notifier/web/static/built build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

run-ready:
	@sh scripts/bootstrap.sh run

test-ready:
	@sh scripts/bootstrap.sh test

lint-ready:
	@sh scripts/bootstrap.sh lint

assets: run-ready assets-ready ## bundle what the admin's pages load

# Asks the other targets first: Node may have to go into .venv.
assets-ready:
	@sh scripts/assets.sh

browser-ready: test-ready
	@$(VENV)/python tests/browser.py ensure

.PHONY: help demo test bench soak fixtures lint pictures lock clean \
	assets assets-ready run-ready test-ready lint-ready browser-ready
