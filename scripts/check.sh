#!/usr/bin/env bash
# What to run before a change is sent; continuous integration runs the first part of it, too.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<EOF
usage: scripts/check.sh [--format | --tidy] [BASE]

Checks the formatting of all C++ files, runs clang-tidy on those that differ from the commit BASE (default: where this
branch left main), builds, and runs the fast tests. --format checks the formatting alone, --tidy runs clang-tidy alone.
clang-tidy is passed over with a message where it is not installed.

Exit codes: 0 all is well, 1 something is not, 2 usage.
EOF
}

cpp_files() { find include src tests -name '*.[ch]pp' -print0; }

# The formatting of all C++ files. Other versions than 14 break some lines elsewhere.
check_format() {
  command -v clang-format >/dev/null || { echo "error: clang-format is missing; scripts/install_packages.sh --tests" >&2; exit 1; }
  cpp_files | xargs -0 clang-format --dry-run -Werror ||
    { echo "error: not formatted; run: clang-format -i FILE" >&2; exit 1; }
  echo "formatting: ok"
}

# clang-tidy on the C++ sources that differ from BASE, committed or not.
check_tidy() {
  local base=$1 files
  if ! command -v clang-tidy >/dev/null; then
    echo "clang-tidy: skipped, it is not installed"
    return
  fi
  mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 'tests/*.cpp')
  if [ ${#files[@]} -eq 0 ]; then
    echo "clang-tidy: no source differs from $base"
    return
  fi
  configure
  # Warnings and options of GCC that clang does not know are none of the source's mistakes.
  printf '%s\0' "${files[@]}" | xargs -0 -n 4 -P 2 clang-tidy --quiet -p build/release --extra-arg=-Wno-unknown-warning-option \
    --extra-arg=-Wno-unused-command-line-argument
  echo "clang-tidy: ok"
}

configure() {
  local cache=()
  command -v ccache >/dev/null && cache=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake --preset release -G Ninja -DCNN_TESTS=ON -DCNN_WARNINGS_AS_ERRORS=ON "${cache[@]}" >/dev/null
}

only=
case ${1:-} in
  -h | --help) usage && exit 0 ;;
  --format | --tidy) only=$1 && shift ;;
  -*) usage >&2 && exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2 && exit 2; }
if [ "$only" = --format ]; then
  check_format
  exit
fi
base=${1:-$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)}
git rev-parse --quiet --verify "$base^{commit}" >/dev/null || { echo "error: there is no commit $base" >&2; exit 2; }
if [ "$only" = --tidy ]; then
  check_tidy "$base"
  exit
fi
check_format
check_tidy "$base"
configure
cmake --build --preset release
ctest --preset release -L fast
