#!/usr/bin/env bash
# install test: installs the library into an empty folder, builds a user's program against it, trains a model for a few
# steps, and runs both the installed commands and the program, on every sample picture. Usage: run.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >/dev/null
cmake -S "$source/tests/install" -B "$work/program" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$work/program" >/dev/null

"$work/prefix/bin/cnn-train" --config "$source/configs/digits.yaml" --set training.epochs=1 --out "$work/run" --quiet
for picture in "$source"/data/samples/*; do
  class=$("$work/program/classify" "$work/run/model.safetensors" "$picture")
  echo "the user's program says of $(basename "$picture"): $class"
  [[ $class =~ ^[0-9]$ ]]
done
# A mistake ends in a message.
for file in "$source/README.md" "$work/missing.png"; do
  if "$work/program/classify" "$work/run/model.safetensors" "$file" 2>"$work/message"; then exit 1; fi
  grep -q "error: " "$work/message"
done
