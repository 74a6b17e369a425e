#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, runs all tests. Arguments go to ctest: scripts/test.sh -L fast
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh --tests
cache=()
command -v ccache >/dev/null && cache=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake --preset release -G Ninja -DCNN_TESTS=ON -DCNN_WARNINGS_AS_ERRORS=ON "${cache[@]}" >/dev/null
cmake --build --preset release
ctest --preset release "$@"
