#!/usr/bin/env bash
# How images/s change as the work grows: batches, threads, sizes of the images, channels. Prints the tables of
# tests/bench/README.md in a few minutes. CNN_BIN names a folder of built commands; SECONDS_EACH (0.5) is the time for each figure.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh
if [ -z "${CNN_BIN:-}" ]; then
  cmake --preset release -G Ninja -DCNN_TESTS=OFF >/dev/null
  cmake --build --preset release --target cnn-bench
  CNN_BIN=build/release/bin
fi
seconds=${SECONDS_EACH:-0.5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# number KEY: its value in the report on stdin, in whole units
number() { sed -n "s/^  \"$1\": \([0-9.e+]*\),*$/\1/p" | xargs printf '%.0f'; }

# row CELLS BENCH-ARGUMENT…: one row of a table, CELLS and what was measured
row() {
  local cells=$1 report
  shift
  report=$("$CNN_BIN/cnn-bench" --json --seconds "$seconds" "$@")
  printf '| %s | %s | %s | %s | %s |\n' "$cells" \
    "$(number train_images_per_second <<<"$report")" "$(number inference_images_per_second <<<"$report")" \
    "$(number gflops_per_second_train <<<"$report")" "$(number sgemm_peak_gflops <<<"$report")"
}

# table COLUMN…: the head of a table
table() {
  local column
  echo
  for column in "$@" "training, images/s" "inference, images/s" "training, GFLOP/s" "sgemm's peak"; do
    printf '| %s ' "$column"
  done
  printf '|\n'
  for column in "$@" 1 2 3 4; do printf '| --- '; done
  printf '|\n'
}

# image SIZE: writes the header and pixels of one image, from which cnn-bench takes the shape
image() {
  local size=$1 half
  half=$(printf '\\x%02x\\x%02x' $((size / 256)) $((size % 256)))
  { printf '\x00\x00\x08\x03\x00\x00\x00\x01'"\\x00\\x00$half\\x00\\x00$half"; head -c $((size * size)) /dev/zero; } \
    >"$work/train-images-idx3-ubyte"
  printf '\x00\x00\x08\x01\x00\x00\x00\x01\x00' >"$work/train-labels-idx1-ubyte"
}

"$CNN_BIN/cnn-bench" --config configs/lenet.yaml --seconds 0.01 2>/dev/null | sed -n '1s/.*   /Measured with /p'

table network threads batch
for threads in 1 2 4; do
  for batch in 16 64 256 1024; do
    row "lenet | $threads | $batch" --config configs/lenet.yaml --threads "$threads" --batch "$batch" 2>/dev/null
  done
done
for threads in 1 2 4; do
  row "vgg-small | $threads | 128" --config configs/vgg-small.yaml --threads "$threads" 2>/dev/null
done

table "image"
for size in 28 56 112 224; do
  image "$size"
  row "1x${size}x$size" --config configs/lenet.yaml --set data.dir="$work" --threads 2 --batch 64
done

table "two convolutions of 3x3 with as many channels, 28x28"
for channels in 1 8 32 128 512; do
  row "$channels" --config configs/lenet.yaml --threads 2 --batch 64 2>/dev/null \
    --set "network=[conv: {count: $channels, kernel: 3, pad: 1}, relu: {}, conv: {count: $channels, kernel: 3, pad: 1}, relu: {}, pool: {type: max, kernel: 2}, fc: {count: 10}]"
done
