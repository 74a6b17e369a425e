#!/usr/bin/env bash
# install test: installs into an empty folder, moves that elsewhere, builds the programs of include/README.md against it
# (with CMake, with pkg-config, statically), and runs them and the installed commands: on every sample picture, on broken
# ones, and on mistakes. Usage: run.sh BUILD_DIR SOURCE_DIR [CXX_FLAGS]
set -euo pipefail
build=$1 source=$2 flags=${3:-}
here=$source/tests/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "install test: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"
headers=$(find "$work/prefix/include" -name '*.hpp' | wc -l)
[ "$headers" -le 16 ] || fail "$headers headers are installed; the library's are about 15"
for header in "$work"/prefix/include/cnn/*.hpp; do  # each can be used alone
  echo "#include <cnn/$(basename "$header")>" | c++ -std=c++20 -fsyntax-only -I"$work/prefix/include" -x c++ -
done

echo '#include <cnn/cnn.h>' | cc -std=c99 -Wall -Wextra -Werror -fsyntax-only -I"$work/prefix/include" -x c -

for file in cnn/cnn.schema.json bash-completion/completions/cnn-train zsh/vendor-completions/_cnn-train \
  fish/vendor_completions.d/cnn-train.fish man/man1/cnn-train.1 man/man5/cnn.yaml.5; do
  [ -s "$work/prefix/share/$file" ] || fail "share/$file is not installed"
done
"$work/prefix/bin/cnn-train" --config "$source/configs/digits.yaml" --print-config | head -1 | grep -q "$work/prefix/share/cnn/cnn.schema.json" ||
  fail "--print-config does not name the installed schema"

mkdir "$work/programs"
awk -v to="$work/programs" -f "$here/programs.awk" "$source/include/README.md"
cmake -S "$work/programs" -B "$work/built" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release \
  "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror $flags" >/dev/null
cmake --build "$work/built" >/dev/null
classify=$work/built/classify train=$work/built/train score=$work/built/score
export LD_LIBRARY_PATH=$work/prefix/lib:$work/prefix/lib64:${LD_LIBRARY_PATH:-}

echo "== train"
"$train" "$source/data/digits" "$work/run" | tee "$work/said"
[ "$(grep -c '^epoch' "$work/said")" = 2 ] || fail "two epochs should have been reported"
model=$work/run/model.safetensors

echo "== score: as the installed cnn-eval does"
"$score" "$model" "$source/data/digits" | tee "$work/said"
"$work/prefix/bin/cnn-eval" --model "$model" --data "$source/data/digits" 2>/dev/null | tee "$work/eval" | head -2
accuracy=$(sed -n 's/^\([0-9.]*\) % right.*/\1/p' "$work/said")
grep -q "^accuracy $accuracy %" "$work/eval" || fail "score and cnn-eval differ"

echo "== classify: as the installed cnn-predict does"
for picture in "$source"/data/samples/*; do
  class=$("$classify" "$model" "$picture" | sed -n 1p)
  expected=$("$work/prefix/bin/cnn-predict" --model "$model" --top 1 "$picture" | sed -n '2s/^ *\([^ ]* *[^ ]*\).*/\1/p' | tr -s ' ')
  [ "${class:0:8}" = "${expected:0:8}" ] || fail "of $(basename "$picture") the program says '$class', cnn-predict '$expected'"
done

if command -v python3 >/dev/null; then
  echo "== from Python"
  for picture in "$source"/data/samples/*; do
    class=$(python3 "$work/programs/classify.py" "$model" "$picture" | sed -n 1p)
    expected=$("$classify" "$model" "$picture" | sed -n 1p)
    [ "$class" = "$expected" ] || [ "$expected" = "nothing to read" ] || fail "of $(basename "$picture") Python says '$class', C++ '$expected'"
  done
  if python3 "$work/programs/classify.py" "$model" "$source/README.md" 2>"$work/message"; then fail "no picture"; fi
  grep -q "^the picture: error: " "$work/message"
fi

echo "== mistakes end in a message"
for file in "$source/README.md" "$work/missing.png"; do
  if "$classify" "$model" "$file" 2>"$work/message"; then fail "$file is no picture"; fi
  grep -q "error: " "$work/message"
done
if "$classify" "$source/README.md" "$source/data/samples/$(ls "$source/data/samples" | head -1)" 2>"$work/message"; then fail "no model"; fi
grep -q "error: " "$work/message"

echo "== under AddressSanitizer"
sanitize=-fsanitize=address,undefined
if echo 'int main() {}' | c++ $sanitize -x c++ - -o "$work/probe" 2>/dev/null && "$work/probe" 2>/dev/null; then
  cmake -S "$work/programs" -B "$work/asan" -DCMAKE_PREFIX_PATH="$work/prefix" "-DCMAKE_CXX_FLAGS=$sanitize -g" >/dev/null
  cmake --build "$work/asan" >/dev/null
  for picture in "$source"/data/samples/* "$source/README.md"; do
    "$work/asan/classify" "$model" "$picture" >/dev/null 2>"$work/message" || grep -q "^$source/README.md: error: " "$work/message" ||
      fail "$(cat "$work/message")"
  done
  "$work/asan/train" "$source/data/digits" "$work/asan-run" >/dev/null
  cmp "$work/asan-run/model.safetensors" "$model" || fail "another program trained to other bytes"
else
  echo "programs with sanitizers do not run here"
fi

echo "== pkg-config, and statically"
export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
if command -v pkg-config >/dev/null; then
  c++ $flags "$work/programs/classify.cpp" -o "$work/classify" $(pkg-config --cflags --libs cnn)
  "$work/classify" "$model" "$source"/data/samples/$(ls "$source/data/samples" | head -1) >/dev/null
  sed -i 's/cnn::cnn/cnn::static/' "$work/programs/CMakeLists.txt"
  cmake -S "$work/programs" -B "$work/static" -DCMAKE_PREFIX_PATH="$work/prefix" "-DCMAKE_CXX_FLAGS=$flags" >/dev/null
  cmake --build "$work/static" --target classify >/dev/null
  "$work/static/classify" "$model" "$source"/data/samples/$(ls "$source/data/samples" | head -1) >/dev/null
fi
