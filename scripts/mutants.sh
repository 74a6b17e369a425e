#!/usr/bin/env bash
# Do the tests notice faults? Plants those of tests/mutants/faults.txt one by one into a copy of the project and runs
# the fast tests. scripts/mutants.sh --list names them, scripts/mutants.sh NAME… tries only some.
set -euo pipefail
exec python3 "$(dirname "$0")/../tests/mutants/run.py" "$@"
