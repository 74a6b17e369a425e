#!/usr/bin/env bash
# Builds cnn, libcnn0 and libcnn-dev as Debian packages for the system it runs on, into build/packages; and cnn-openmpi and
# cnn-mpich where libopenmpi-dev and libmpich-dev are installed.
# Usage: make_packages.sh [CMAKE_OPTION]…
set -euo pipefail
cd "$(dirname "$0")/.."
command -v dpkg-shlibdeps >/dev/null || { echo "error: install dpkg-dev first" >&2; exit 1; }
scripts/install_packages.sh
cmake --preset release -B build/packages -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DCNN_TESTS=OFF "$@" >/dev/null
cmake --build build/packages
cd build/packages
cpack -G DEB
ls -l ./*.deb
