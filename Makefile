# Everything is in tools/dev.py; without make: python3 tools/dev.py run
PYTHON ?= python3

.PHONY: help run test lint check fuzz demo bench bench-audit endurance

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\): ## /make \1	/p' Makefile

run: ## set up what is missing and serve the portal at http://localhost:8000 (PORT=8001 make run: elsewhere)
	@$(PYTHON) tools/dev.py run

test: ## run every test on SQLite and on PostgreSQL (make test ARGS="-k rotate": some of them)
	@$(PYTHON) tools/dev.py test $(ARGS)

fuzz: ## ask every address for nonsense as everyone, some thousand times; once a week (ARGS="--seed 7" repeats a run)
	@$(PYTHON) tools/dev.py fuzz $(ARGS)

lint: ## check style, types, templates, imports, migrations and deployment settings
	@$(PYTHON) tools/dev.py lint

check: ## check style and types, and test what is near your change on SQLite: an answer within two minutes
	@$(PYTHON) tools/dev.py check

demo: ## fill the database with something to look at (ARGS=--large: with lists of thousands)
	@$(PYTHON) tools/dev.py demo $(ARGS)

bench: ## measure the door beside what people would put in its place (ARGS="--quick", "--json figures.json")
	@$(PYTHON) tools/dev.py bench $(ARGS)

endurance: ## kill the server and the database while the door is called, and look whether a call was lost
	@$(PYTHON) tools/dev.py endurance $(ARGS)

bench-audit: ## measure the audit log at up to ten million calls (ARGS="--sizes 10k,1M --json figures.json")
	@$(PYTHON) tools/dev.py bench-audit $(ARGS)
