#!/usr/bin/env bash
# Installs what building needs on Debian or Ubuntu, with --tests also what the tests and benchmarks need, with --torch what
# comparing with PyTorch needs; does nothing if all of it is there.
set -euo pipefail

packages=(g++ cmake ninja-build libopenblas-dev libcli11-dev libyaml-cpp-dev libspdlog-dev
          nlohmann-json3-dev zlib1g-dev libjpeg-dev libpng-dev libwebp-dev libgif-dev)
for option in "$@"; do
  case $option in
    # clang is for a second build and, with its runtime, for fuzzing, libbenchmark for benchmarks, Pillow to compare
    # pictures with, python3-onnx to check exported models, python3-jsonschema to check the schema, Open MPI and MPICH for
    # several ranks; what needs them is left out where they are missing. clang-format is for scripts/check.sh.
    --tests) packages+=(libgtest-dev libgmock-dev libbenchmark-dev clang libclang-rt-dev clang-format python3-pil
                        python3-onnx python3-jsonschema python3-yaml libopenmpi-dev openmpi-bin libmpich-dev mpich) ;;
    # PyTorch is at its best with OpenBLAS' OpenMP build beside it.
    --torch) packages+=(python3-torch python3-yaml libopenblas0-openmp) ;;
    *) echo "usage: $0 [--tests] [--torch]" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing: ${missing[*]}"
sudo=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "error: run as root, or install first: ${missing[*]}" >&2; exit 1; }
  sudo=sudo
fi
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
