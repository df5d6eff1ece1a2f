# Everything runs in .venv, created from the lock file on first use.

PYTHON ?= python3
STUDY ?= photographs
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro study publish study-page export test soak lint format readme lock clean

# The whole pipeline, for `model.variant` of params.yaml.
repro: .venv/installed
	python tools/validate.py params.yaml
	dvc repro

# All experiments of the paper, compared in results/study. If one fails, the others continue; repeat
# the command to run what is missing. With CLUSTER=tcp://HOST:8786, or local:2, the trainings run on
# the workers of a Dask cluster; see docs/clusters.md.
study: .venv/installed
	python tools/validate.py params.yaml
	$(if $(CLUSTER),python tools/cluster.py $(CLUSTER),dvc repro --all-pipelines --keep-going)

# Publish the finished trainings of this workspace's study in studies/$(STUDY), and write its page.
publish: .venv/installed
	python tools/publish.py studies/$(STUDY)

# The page of a published study, from its published files, without any training.
study-page: .venv/installed
	python tools/publish.py studies/$(STUDY) --page-only

# The trained model as a SavedModel, for programs that use TensorFlow without this project.
export: .venv/installed
	dvc repro package
	python tools/export.py

test: .venv/installed
	python -m pytest

# Tests that take too long for `make test`: kills, clusters, 25,000 images, thousands of mutants.
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

# The generated parts of README and docs/: figure, tables, references, and the output of their code.
readme: .venv/installed
	python tools/readme.py

# uv resolves for all supported versions of Python.
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
