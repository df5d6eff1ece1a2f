# Everything runs in .venv, made from the lock file on first use.

PYTHON ?= python3
STUDY ?= photographs
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro study publish study-page export test soak lint format readme lock clean

# The whole pipeline, for the variant that params.yaml names.
repro: .venv/installed
	python tools/validate.py params.yaml
	dvc repro

# Every experiment of the paper, compared in results/study. One that fails does not stop the others;
# again, the same command makes what is missing. With CLUSTER=tcp://HOST:8786, or local:2, workers of
# a Dask cluster do the trainings; see docs/clusters.md.
study: .venv/installed
	python tools/validate.py params.yaml
	$(if $(CLUSTER),python tools/cluster.py $(CLUSTER),dvc repro --all-pipelines --keep-going)

# Add what is done of this workspace's study to studies/$(STUDY), and write its page.
publish: .venv/installed
	python tools/publish.py studies/$(STUDY)

# The page of a published study, from what is published, without any training.
study-page: .venv/installed
	python tools/publish.py studies/$(STUDY) --page-only

# The trained model for programs that run TensorFlow without this project: a SavedModel.
export: .venv/installed
	dvc repro package
	python tools/export.py

test: .venv/installed
	python -m pytest

# What takes too long for `make test`: many kills, clusters, 25,000 images, mutants by the thousand.
soak: .venv/installed
	python -m pytest -m soak

lint: .venv/installed
	ruff check .
	ruff format --check .
	codespell
	mypy
	mypy benchmarks/embed.py

format: .venv/installed
	ruff check --fix .
	ruff format .

# What scripts write into README and docs/: figure, tables, references, and what their code prints.
readme: .venv/installed
	python tools/readme.py

# uv resolves for every supported Python at once, and names no index.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --upgrade \
		--custom-compile-command "make lock" --output-file requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed; set PYTHON=python3.12, say")'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@
