#!/usr/bin/env bash
# From nothing to a trained, scored, predicting network: installs what is missing, builds, gets MNIST (or falls back on
# the digits that ship with the project), trains LeNet, scores it on the test set, classifies pictures.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh

echo "== building"
cmake --preset release -G Ninja -DCNN_TESTS=OFF >/dev/null
cmake --build --preset release
bin=build/release/bin

echo "== data"
if scripts/get_mnist.sh; then
  config=configs/lenet.yaml run=runs/lenet
else
  echo "going on with data/digits, which ships with the project"
  config=configs/digits.yaml run=runs/digits
fi

echo "== training: cnn-train --config $config"
"$bin/cnn-train" --config "$config" --out "$run" --overwrite

echo "== scoring: cnn-eval --model $run/model.safetensors"
"$bin/cnn-eval" --model "$run/model.safetensors" --out "$run/test"

echo "== predicting: cnn-predict --model $run/model.safetensors data/samples/*.png"
"$bin/cnn-predict" --model "$run/model.safetensors" --top 1 data/samples/*.png
