#!/usr/bin/env bash
# install test: installs the library into an empty folder, builds a user's program against it, trains a model for a few
# steps, and runs both the installed commands and the program. Usage: run.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >/dev/null
cmake -S "$source/tests/install" -B "$work/program" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$work/program" >/dev/null

"$work/prefix/bin/cnn-train" --config "$source/configs/digits.yaml" --set training.epochs=1 --out "$work/run" --quiet
class=$("$work/program/classify" "$work/run/model.safetensors" "$source/data/samples/4-as-in-mnist.png")
echo "the user's program says: $class"
[[ $class =~ ^[0-9]$ ]]
