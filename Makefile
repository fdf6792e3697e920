# Every target sets up what it needs; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test verify skeletons notebooks release bench format clean setup

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHON

help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F '|' '{ printf "%-18s%s\n", $$1, $$2 }'

demo: setup  ## grade a small made-up class from start to finish, and say where the reports lie
	@autograder demo

test: setup  ## check style, run all tests, refuse stale generated files, run the notebooks quickly
	@ruff check .
	@ruff format --check .
	@pytest -n auto --dist loadfile
	@autograder skeletons --check
	@autograder notebooks --quick

verify: setup  ## prove every homework: reference, skeleton, misconceptions, alternatives, mutants, release
	@autograder verify --all

skeletons: setup  ## write every homework's skeletons and starter notebook from solutions/
	@autograder skeletons

notebooks: setup  ## run every notebook from top to bottom on the reference solutions
	@autograder notebooks

release: setup  ## build what students receive: one folder and one zip for each homework
	@autograder release --all

bench: setup  ## measure grading beside nbgrader and otter, and a class of 200
	@python -m benchmarks.grading

format: setup  ## put the code into the house's layout
	@ruff format .
	@ruff check --fix .

clean:  ## remove the environment, caches and built releases (no grades, no sources)
	rm -rf .venv .venv.lock *.egg-info .pytest_cache .ruff_cache .hypothesis build dist release
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@scripts/setup
