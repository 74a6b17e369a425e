#!/usr/bin/env bash
# Fuzzes one reader of files: scripts/fuzz.sh TARGET SECONDS, as in scripts/fuzz.sh model 3600 (see tests/fuzz).
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 2 ] || { echo "usage: scripts/fuzz.sh idx|idx_gz|config|model|image|decode SECONDS" >&2; exit 2; }

scripts/install_packages.sh --tests
cmake --preset fuzz -G Ninja >/dev/null
cmake --build --preset fuzz --target "fuzz_$1"
exec tests/fuzz/run.sh build/fuzz "$1" "$2"
