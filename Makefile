# `make demo` and `make test` are all one needs; nothing but make and Python has to be there.
.PHONY: help demo run test check bench shots stop clean venv
# Compiled modules halve the time of every start.
unexport PYTHONDONTWRITEBYTECODE
MANAGE = .venv/bin/python manage.py

help:
	@echo "make demo    the product with a story in it; PORT=8001 takes another port than 8000"
	@echo "make run     the product, empty, for your own data"
	@echo "make test    all tests, those in a real browser too"
	@echo "make check   lint, format, types, migrations, deployment checks"
	@echo "make bench   how fast it is on this machine"
	@echo "make shots   a screenshot of every page, into .data/shots/"
	@echo "make stop    ends the embedded PostgreSQL and Redis that tests and commands leave running"
	@echo "make clean   deletes .data with everything in it, and caches"

demo: venv
	@$(MANAGE) demo

run: venv
	@$(MANAGE) run

test: venv
	@CHROMIUM=$$(scripts/chromium) && export CHROMIUM && \
	.venv/bin/python -m pytest -n auto -m "not journey" && \
	.venv/bin/python -m pytest -m journey

check: venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(MANAGE) makemigrations --check --dry-run
	HTTPS=1 DEBUG=0 ALLOWED_HOSTS=backoffice.example.com $(MANAGE) check --deploy --fail-level WARNING

bench: venv
	.venv/bin/python -m tests.bench

shots: venv
	CHROMIUM=$$(scripts/chromium) .venv/bin/python -m tests.shots

stop: venv
	@.venv/bin/python -c "from config import embedded; embedded.stop()"

clean: venv
	@[ ! -e .data/run.lock ] || flock -n .data/run.lock true || { echo "It is running; end it first (Ctrl-C)."; exit 1; }
	@.venv/bin/python -c "from config import embedded; embedded.remove()"
	rm -rf .data staticfiles .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

venv:
	@scripts/venv
