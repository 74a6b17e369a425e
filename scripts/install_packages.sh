#!/usr/bin/env bash
# Installs what building needs on Debian or Ubuntu, with --tests also what the tests need; does nothing if all of it is
# there.
set -euo pipefail

packages=(g++ cmake ninja-build libopenblas-dev libcli11-dev libyaml-cpp-dev libspdlog-dev
          nlohmann-json3-dev libstb-dev zlib1g-dev)
# The last two are for fuzzing; where they are missing its tests are skipped.
[ "${1:-}" = --tests ] && packages+=(libgtest-dev libgmock-dev clang libclang-rt-dev)

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
