#!/bin/sh
# Makes the Python environment that the tests with PSYBERG_PYICEBERG=1 use, in
# the folder given (default .venv-pyiceberg), and prints its interpreter:
#   PSYBERG_PYICEBERG=1 PSYBERG_PYTHON=$(engine/write/testdata/pyiceberg.sh) go test ./engine/write ./engine/catalog
set -eu
dir=${1:-.venv-pyiceberg}
if [ ! -x "$dir/bin/python" ]; then
	python3 -m venv "$dir" >&2
	"$dir/bin/pip" install --quiet 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' 'pyarrow==26.0.1' >&2
fi
echo "$(cd "$dir" && pwd)/bin/python"
