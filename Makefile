# Two commands do everything: `make demo` shows it, `make test` tests it.
# They need python3 (3.10 or newer, with venv), make and npm; the rest is installed into
# .venv/ and node_modules/, and for the tests Chromium and a C compiler, where that is allowed.

PYTHON  ?= python3
PORT    ?= 8080
WORKERS ?= 2
ARGS    ?=
SECONDS ?=
SEED    ?=

# Hundreds of servers are started in the tests. Each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

BIN     := .venv/bin
CHAT    := examples/chat/node_modules/.installed
CLIENTS := tests/interop/js/node_modules/.installed
VECTORS := .vectors/.fetched
COMPILED := build/compiled
DIST    := build/dist
ALL_JS  := $(if $(shell command -v npm),$(CHAT) $(CLIENTS))

.PHONY: help demo test quick test-busy test-compiled coverage mutation instructions check bench
.PHONY: attacks fuzz sanitize soak wheel format changelog picture screenshot clean

help:
	@echo 'make demo        run the chat on http://127.0.0.1:$(PORT)/ (PORT=... for another one)'
	@echo 'make test        run every test (ARGS="-k name -x" goes to pytest, WORKERS=2)'
	@echo 'make quick       ruff, mypy, and the tests that need no other process: under 40 s'
	@echo 'make test-busy   the same while a busy loop runs on each core'
	@echo 'make test-compiled  compile a copy, and run the tests of core and wamp on it'
	@echo 'make instructions  count the instructions of that copy (ARGS=--update keeps them)'
	@echo 'make coverage    which lines and branches of the pure packages do the tests run?'
	@echo 'make mutation    change these packages at random: do the tests notice?'
	@echo 'make attacks     what attackers cost others (ARGS=--update keeps it, ARGS=name)'
	@echo 'make fuzz        feed bytes of a fuzzer to all that reads (SECONDS=60, ARGS=target)'
	@echo 'make sanitize    run the tests of the C files under ASan and UBSan'
	@echo 'make soak        thousands of clients that misbehave (SECONDS=120, ARGS=gevent)'
	@echo 'make wheel       build the wheel, and try it in an environment that has nothing else'
	@echo 'make crossbar    install Crossbar, which one test needs (in CI it is always there)'
	@echo 'make check       style, types, spelling, layers: everything that needs no test run'
	@echo 'make bench       compare speed with others (ARGS="--quick", see benchmarks/README.md)'
	@echo 'make format      let ruff format and sort what it can'
	@echo 'make changelog   show what the next release will say has changed'
	@echo 'make picture     draw docs/images/architecture.svg anew, from the imports'
	@echo 'make screenshot  take docs/images/demo.png anew'
	@echo 'make clean       delete everything that the other targets made'

demo: .venv/.package $(CHAT)
	@$(BIN)/python examples/chat/server.py --port $(PORT)

# A second make, because the system packages may have brought npm.
test: .venv/.tools
	@tools/install_system_packages.sh
	@$(MAKE) --no-print-directory run-tests

# Tests that depend on time fail here.
test-busy: .venv/.tools
	@tools/install_system_packages.sh
	@$(BIN)/python tools/beside_busy_loops.py $(MAKE) --no-print-directory run-tests

# The others mostly wait: for servers, browsers, and times that have to pass. But attacks say
# how long something takes.
WAITING ?= 4

# In CI a test that fails is run once more; the summary lists it as RERUN. See
# CONTRIBUTING.md: it has a fault all the same.
AGAIN  := $(if $(filter true,$(CI)),--reruns 1 -r R)
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(AGAIN)

# With MEASURED=1 every test runs once, too, and `make coverage` need not run.
.PHONY: run-tests
run-tests: $(ALL_JS) $(VECTORS) $(if $(filter true,$(CI)),.venv/.crossbar)
ifdef MEASURED
	$(COVERAGE) $(ARGS)
	$(PYTEST) -n $(WAITING) -p tests.parts --part others --ignore=tests/attacks $(ARGS)
	$(PYTEST) tests/attacks
else
	$(PYTEST) $(ARGS)
endif

# For whoever edits; tests/quick.py says which tests are left out.
quick: .venv/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -q -n $(WAITING) -p tests.quick $(ARGS)

# What people install: a wheel, made from the sdist, which is made from what git knows.
.PHONY: built
built: .venv/.tools
	@echo '== Building the sdist, and the wheel from it, in $(DIST)'
	rm -rf $(DIST) && mkdir -p $(DIST)/source
	git ls-files -z | xargs -0 cp --parents --target-directory=$(DIST)/source
	$(BIN)/python -m build --no-isolation --outdir $(DIST) $(DIST)/source >$(DIST)/log 2>&1 || \
	  { cat $(DIST)/log; exit 1; }

# The wheel beside the tests, for those of core and wamp. It is made anew each time, because
# moved files keep their times; `make test-compiled instructions fuzz wheel` makes it once.
.PHONY: compiled
compiled: built
	rm -rf $(COMPILED) && mkdir -p $(COMPILED)
	git ls-files -z tests benchmarks docs examples setup.py pyproject.toml README.md LICENSE | \
	  xargs -0 cp --parents --target-directory=$(COMPILED)
	$(BIN)/python -m zipfile -e $(DIST)/wsocket-*.whl $(COMPILED)

# In an environment that has nothing else, without a compiler.
wheel: built
	$(BIN)/python tools/check_dist.py $(DIST)

# With FEW=1 each test runs with a few of its sets of parameters, see tests/few.py; then
# the tests mostly wait.
# The other tests run on the interpreted sources. So do those of packages in which nothing is
# compiled.
NOT_COMPILED := tests/core/http tests/core/web tests/wamp/auth

test-compiled: compiled $(ALL_JS) $(VECTORS)
	for modules in tests/interop/js/node_modules examples/chat/node_modules; do \
	  ln -sfn $(CURDIR)/$$modules $(COMPILED)/$$modules; done
	cd $(COMPILED) && WSOCKET_COMPILED=1 WAMP_VECTORS=$(CURDIR)/.vectors/testsuite \
	  $(CURDIR)/$(PYTEST) $(if $(FEW),-n $(WAITING) -p tests.few) \
	  tests/test_compiled.py tests/core tests/wamp tests/steady tests/fuzz \
	  --ignore=tests/fuzz/test_fuzz_tool.py $(NOT_COMPILED:%=--ignore=%) $(ARGS)

instructions: compiled
	$(BIN)/python -m benchmarks.instructions $(ARGS)

# Both builds run each input, and must do the same.
fuzz: compiled .venv/.fuzz
	$(BIN)/python tools/fuzz.py --against $(COMPILED) \
	  $(SECONDS:%=--seconds %) $(SEED:%=--seed %) $(ARGS)

sanitize: .venv/.tools
	$(BIN)/python tools/sanitize.py $(ARGS)

soak: .venv/.tools
	$(BIN)/python tools/soak.py $(SECONDS:%=--seconds %) $(ARGS)

COVERAGE = $(PYTEST) -p tests.traced_threads -p tests.parts --part measured --cov

coverage: .venv/.tools $(VECTORS)
	$(COVERAGE) $(ARGS)

mutation: .venv/.tools $(VECTORS)
	$(COVERAGE) --cov-context=test --cov-report=
	$(BIN)/python tools/mutation.py $(ARGS)

# The test of tests/attacks makes small ones of these.
# On what people install. The table goes into the document here.
attacks: compiled
	cd $(COMPILED) && $(CURDIR)/$(BIN)/python -m tests.attacks $(ARGS); \
	  status=$$?; cp docs/security.md $(CURDIR)/docs/; exit $$status

check: .venv/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell wsocket tests docs tools benchmarks examples changes *.md
	$(BIN)/python tools/check_lines.py
	$(BIN)/python tools/picture.py --check
	$(BIN)/towncrier build --draft >/dev/null
	test -z "$$(find changes -empty)"
	$(BIN)/python -m pytest -q tests/test_layers.py tests/test_sizes.py

bench: .venv/.bench
	$(BIN)/python -m benchmarks $(ARGS)

format: .venv/.tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

changelog: .venv/.tools
	$(BIN)/towncrier build --draft

picture: .venv/.tools
	$(BIN)/python tools/picture.py

screenshot: .venv/.tools $(CHAT)
	$(BIN)/python tools/screenshot.py docs/images/demo.png

clean:
	rm -rf .venv examples/chat/node_modules tests/interop/js/node_modules
	rm -rf benchmarks/.cache benchmarks/results .vectors
	rm -rf dist build .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: each is touched last, so an interrupted installation is started again.

.venv/.created:
	@echo '== Creating .venv with $(PYTHON)'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo 'wsocket needs Python 3.10 or newer: make PYTHON=/path/to/python3' >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

.venv/.package: .venv/.created pyproject.toml setup.py
	@echo '== Installing wsocket into .venv'
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.tools: .venv/.package
	@echo '== Installing the test clients, servers and checkers into .venv'
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

# It has an environment of its own: it pins many packages, and needs Python 3.11.
CROSSBAR_PYTHON ?= python3

.PHONY: crossbar
crossbar: .venv/.crossbar

.venv/.crossbar: .venv/.created
	@echo '== Installing Crossbar into .venv/crossbar'
	$(CROSSBAR_PYTHON) -m venv --clear .venv/crossbar
	.venv/crossbar/bin/python -m pip install --quiet crossbar
	@touch $@

# atheris needs a wheel: to build it takes clang's sources. Without it Hypothesis is used.
.venv/.fuzz: .venv/.tools
	@echo '== Installing atheris into .venv'
	@$(BIN)/python -m pip install --quiet --only-binary :all: --group fuzz || \
	  echo 'There is no atheris for this Python: Hypothesis makes the inputs.'
	@touch $@

.venv/.bench: .venv/.package
	@echo '== Installing what the benchmarks need into .venv'
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

$(VECTORS): tools/fetch_vectors.py .venv/.created
	@$(BIN)/python tools/fetch_vectors.py $@

%/node_modules/.installed: %/package.json %/package-lock.json %/.npmrc
	@echo '== Installing the npm packages of $*'
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js' >&2; exit 1; }
	cd $* && npm ci --no-fund --no-audit --loglevel=error
	@touch $@
