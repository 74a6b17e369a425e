#!/usr/bin/env bash
# build.sh DIRECTORY GENERATOR PRESET COMPILER LAUNCHER TARGET…: configures and builds a variant of the project.
# LAUNCHER may be empty, or name a compiler cache. Warnings are the business of the ordinary build and its compiler.
set -euo pipefail
directory=$1 generator=$2 preset=$3 compiler=$4 launcher=$5
shift 5

cd "$(dirname "$0")/../.."
cmake --preset "$preset" -B "$directory" -G "$generator" -DCNN_TESTS=ON -DCNN_WARNINGS_AS_ERRORS=OFF \
  "-DCMAKE_CXX_COMPILER=$compiler" "-DCMAKE_CXX_COMPILER_LAUNCHER=$launcher"
cmake --build "$directory" --parallel 2 --target "$@"
