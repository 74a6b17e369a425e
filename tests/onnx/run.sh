#!/bin/sh
# run.sh PROBE COMMANDS: what the library exports, run by ONNX Runtime and OpenCV and checked by python3-onnx, as far as they
# are installed; and, where MNIST_DIR names MNIST, a model that ONNX Runtime scores as cnn-eval does. Ends with code 77 if none is. ONNX Runtime is npm's: npm install --ignore-scripts onnxruntime-node
# in any folder, whose node_modules NODE_PATH names.
set -eu
here=$(dirname "$(readlink -f "$0")")
probe=$1 commands=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$probe" "$folder"
ran=0 failed=0

python=/usr/bin/python3
[ -x "$python" ] || python=python3
code=0
"$python" -B "$here/compare.py" "$folder" || code=$?
[ "$code" -eq 77 ] || ran=1
[ "$code" -eq 0 ] || [ "$code" -eq 77 ] || failed=1

if node -e 'require("onnxruntime-node")' 2> /dev/null; then
  ran=1
  node "$here/compare.js" "$folder" || failed=1
  if [ -n "${MNIST_DIR:-}" ]; then
    "$commands/cnn-train" --config "$here/../../configs/mnist-fast.yaml" --data "$MNIST_DIR" --set training.steps=100 \
      --out "$folder/run" --quiet --no-progress
    "$commands/cnn-export" --model "$folder/run/model.safetensors" > /dev/null
    "$commands/cnn-eval" --model "$folder/run/model.safetensors" --out "$folder/test" --quiet > /dev/null
    node "$here/compare.js" --score "$folder/run/model.onnx" "$MNIST_DIR/t10k-images-idx3-ubyte.gz" \
      "$MNIST_DIR/t10k-labels-idx1-ubyte.gz" "$folder/confusion.csv"
    tail -n +2 "$folder/test/confusion.csv" | cut -d , -f 2- | cmp - "$folder/confusion.csv" || failed=1
  fi
else
  echo "ONNX Runtime: node or onnxruntime-node is not installed (NODE_PATH names its folder)"
fi
[ "$failed" -eq 0 ] || exit 1
[ "$ran" -eq 1 ] || exit 77
