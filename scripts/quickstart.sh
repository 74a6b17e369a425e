#!/usr/bin/env bash
# From nothing to a trained, scored, predicting network: installs what is missing, builds, gets MNIST (or falls back on
# the digits that ship with the project), trains configs/quickstart.yaml into runs/quickstart, scores it on the test set,
# classifies pictures.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh

echo "== building"
cmake --preset release -G Ninja -DCNN_TESTS=OFF >/dev/null
cmake --build --preset release
bin=build/release/bin

config=configs/quickstart.yaml run=runs/quickstart options=()
echo "== data"
if ! scripts/get_mnist.sh; then
  echo "going on with data/digits, which ships with the project: a tenth of the images, so more epochs"
  options=(--data data/digits --set training.epochs=40)
fi

echo "== training: cnn-train --config $config ${options[*]}"
"$bin/cnn-train" --config "$config" "${options[@]}" --out "$run" --overwrite

echo "== scoring: cnn-eval --model $run/model.safetensors"
"$bin/cnn-eval" --model "$run/model.safetensors" --out "$run/test"

echo "== predicting: cnn-predict --model $run/model.safetensors data/samples/*"
"$bin/cnn-predict" --model "$run/model.safetensors" --top 1 data/samples/*
