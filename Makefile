# The commands of the course. They need Python 3.11 or newer and make; `make lab` installs everything else into .venv.
# Written for GNU make 3.81 and later. On Windows use the plain commands in README.md.

VENV ?= .venv
# The first of these that runs and is new enough. Looked up only when the environment is made.
PYTHON ?= $(shell for candidate in python3.12 python3.11 python3 python3.13 python3.14 python; do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$candidate; break; fi; done)
ARGS ?=
# Which build of PyTorch: auto takes the small CPU build where there is no NVIDIA GPU; cpu and cuda ask for one.
TORCH ?= auto
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
# The versions that were tested. CONSTRAINTS= takes the newest.
CONSTRAINTS ?= constraints.txt

# Started as `python -m ...`, a tool still works after the folder was moved.
RUN := $(VENV)/bin/python -m
LAB_STAMP := $(VENV)/.installed-lab
TEST_STAMP := $(VENV)/.installed-test
# Tests run beside each other, whole files at a time, one thread each: threads that wait by spinning starve each other.
BESIDE := -n logical --maxprocesses 4 --dist loadfile
ONE_THREAD := OMP_NUM_THREADS=1
ROOT_FLAG = $(shell test "$$(id -u)" -ne 0 || echo --allow-root)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help lab test test-fast lint types unit nbval browser demo table evidence references notebooks claims constraints clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1|/' | \
		while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

# --- learn ------------------------------------------------------------------------------------------------------

lab: $(LAB_STAMP) ## install if needed, then open JupyterLab on the first notebook (ARGS="--no-browser --port 9999")
	@PATH="$$(cd "$(VENV)/bin" && pwd):$$PATH" exec $(RUN) jupyterlab notebooks/00_start.ipynb $(ROOT_FLAG) $(ARGS)

demo: $(LAB_STAMP) ## chapters 1 and 2 without a browser: prints the leakage table, writes one HTML page
	@$(RUN) mia_kit.cli demo $(ARGS)

# --- check ------------------------------------------------------------------------------------------------------

test: lint types unit nbval browser ## every check: lint, types, unit, notebooks, browser

test-fast: lint types ## lint, types and the fast unit tests
	@$(ONE_THREAD) $(RUN) pytest $(BESIDE) -m "not browser and not slow"

lint: $(TEST_STAMP) ## style
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .

types: $(TEST_STAMP) ## type checker
	@$(RUN) mypy

unit: $(TEST_STAMP) ## unit tests
	@$(ONE_THREAD) $(RUN) pytest $(BESIDE)

nbval: $(TEST_STAMP) ## run every notebook and compare its outputs with the committed ones
	@$(ONE_THREAD) $(RUN) pytest $(BESIDE) -p tests.notebooks.budgets --nbval --nbval-current-env notebooks

browser: $(TEST_STAMP) ## drive JupyterLab in Chromium; skipped with a message where there is none
	@$(ONE_THREAD) $(RUN) pytest $(BESIDE) -m browser tests/browser

# --- rebuild ----------------------------------------------------------------------------------------------------

table: $(LAB_STAMP) ## train the grid of toy classifiers that the slider of chapter 1 reads
	@$(VENV)/bin/python data_scripts/train_toy_table.py

evidence: $(LAB_STAMP) ## run the course-size experiments and store what they measured
	@$(RUN) mia_kit.cli run toy_order $(ARGS)
	@$(RUN) mia_kit.cli run embedding_orl $(ARGS)

references: $(TEST_STAMP) ## draw every headline figure again and show what changed
	@$(RUN) mia_kit.cli notebooks --references $(ARGS)
	@git --no-pager diff --stat -- mia_kit/figures/references

notebooks: $(TEST_STAMP) ## write and execute every .ipynb from its .py
	@$(RUN) mia_kit.cli notebooks $(ARGS)

claims: $(LAB_STAMP) ## judge all claims; fill README.md, notebooks/CLAIMS.md, badges and first cells
	@$(RUN) mia_kit.cli claims --pages .

constraints: $(TEST_STAMP) ## write down the versions that are installed here, for everybody to install
	@$(RUN) tests.project.freeze > constraints.new && mv constraints.new constraints.txt

clean: ## remove the environment, the caches and what a build leaves
	@test ! -f "$(VENV)/pyvenv.cfg" || rm -rf "$(VENV)"
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
	@find mia_kit notebooks tests data_scripts \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-prune -exec rm -rf {} +

# --- install ----------------------------------------------------------------------------------------------------

# A stamp is written only after pip has finished, so an install that fails or is interrupted is taken up again.
$(LAB_STAMP): pyproject.toml $(CONSTRAINTS) data_scripts/fetch_dcgan.py
	$(call install,lab)
	@touch $@

$(TEST_STAMP): pyproject.toml $(CONSTRAINTS) data_scripts/fetch_dcgan.py
	$(call install,lab$(comma)test)
	@touch $(LAB_STAMP) $@

comma := ,
# Making the environment again over a half-made one is safe: --clear empties it first.
# The generator of chapter 3 lies in a package as well; only its weights are kept, in the data folder.
# The last lines keep JupyterLab from asking about news, as the course runs without a network, and let its file list
# show a chapter once: the .py beside each notebook is hidden there.
define install
@"$(VENV)/bin/python" -m pip --version >/dev/null 2>&1 || { \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { \
		echo "mia_kit needs Python 3.11 or newer and found none$(if $(PYTHON), (tried $(PYTHON)))."; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }; \
	"$(PYTHON)" -m venv --clear "$(VENV)" || { \
		echo "python -m venv failed. On Debian and Ubuntu: apt install python3-venv"; exit 1; }; }
@"$(VENV)/bin/python" -P mia_kit/course/install.py --extras "$(1)" --torch "$(TORCH)" --cpu-index "$(TORCH_CPU_INDEX)" \
	--constraints "$(CONSTRAINTS)" || { \
	echo "The install did not finish. Run the same command again to take it up."; exit 1; }
@"$(VENV)/bin/python" data_scripts/fetch_dcgan.py || \
	echo "The faces of chapter 3 are missing, the rest works: $(VENV)/bin/python data_scripts/fetch_dcgan.py"
@mkdir -p "$(VENV)/etc/jupyter/labconfig" && printf '%s\n' \
	'{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}' \
	> "$(VENV)/etc/jupyter/labconfig/page_config.json"
@printf '%s\n' \
	'{"ContentsManager": {"hide_globs": ["__pycache__", "*.pyc", "*~", "[0-9][0-9]_*.py"]}}' \
	> "$(VENV)/etc/jupyter/jupyter_server_config.json"
endef
