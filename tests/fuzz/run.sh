#!/usr/bin/env bash
# run.sh BUILD TARGET SECONDS: fuzzes one target (idx, idx_gz, csv, config, model, onnx, image, decode) with the binary in BUILD.
# New inputs, and those that end the process, are kept in BUILD/fuzz/TARGET and BUILD/fuzz/TARGET-*.
set -euo pipefail
build=$(cd "$1" && pwd) target=$2 seconds=$3
here=$(cd "$(dirname "$0")" && pwd)

# The timeout is one of the clock on the wall, which a busy machine may stretch.
arguments=("-max_total_time=$seconds" -max_len=8192 -timeout=20 -rss_limit_mb=512 -malloc_limit_mb=256
           -print_final_stats=1 "-artifact_prefix=$build/fuzz/$target-")
[ -f "$here/$target.dict" ] && arguments+=("-dict=$here/$target.dict")
# A small quarantine, so that freed memory does not count towards the limit for long.
export ASAN_OPTIONS=quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1
seeds=$target
[ "$target" = decode ] && seeds=image
mkdir -p "$build/fuzz/$target"
exec "$build/tests/fuzz/fuzz_$target" "${arguments[@]}" "$build/fuzz/$target" "$here/corpus/$seeds"
