#!/usr/bin/env bash
# Trains and infers with the same networks in cnn and in PyTorch, by turns, and prints images/s and their ratio; installs
# and builds what is missing. scripts/compare_pytorch.sh [NET…] [--rounds N] [--seconds S] [--threads N…]
# NET: lenet, lenet5, vgg-small (all of them unless named). CNN_BIN names a folder of built commands.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh --torch
if [ -z "${CNN_BIN:-}" ]; then
  cmake --preset release -G Ninja -DCNN_TESTS=OFF >/dev/null
  cmake --build --preset release --target cnn-bench cnn-train
  CNN_BIN=build/release/bin
fi
exec /usr/bin/python3 tests/torch/compare_speed.py --bin "$CNN_BIN" "$@"
