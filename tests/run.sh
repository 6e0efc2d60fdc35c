#!/usr/bin/env bash
# Every check of the repository, in the order in which they fail fastest; the summary of the tests comes last.
# Needs an environment made from requirements-dev.lock with stillwatch installed; its folder is the one argument (.venv).
set -euo pipefail
cd "$(dirname "$0")/.."
bin="$(cd "${1:-.venv}" && pwd)/bin"

"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports"
"$bin/pytest" -n 2 --dist loadgroup --durations 25 # tests that start Spark share a worker, and one Java
