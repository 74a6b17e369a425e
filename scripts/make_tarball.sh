#!/usr/bin/env bash
# Makes a tarball of the commands that runs on any x86-64 Linux with glibc 2.31 or newer, into build/portable: all libraries
# but glibc and libgcc_s are linked in, OpenBLAS comes along in lib/, which is found where /proc is mounted.
# Usage: make_tarball.sh [SYSTEM [CMAKE_OPTION…]]. SYSTEM is a directory with Debian 11 and its libc6-dev, of which the old
# glibc is taken; without it debootstrap makes one (as root). The compiler and the static libraries are Debian 12's.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/build/portable
system=${1:-$build/system}
[ $# -eq 0 ] || shift
libraries=/usr/lib/$(gcc -print-multiarch)
newest=2.31

scripts/install_packages.sh
if [ ! -d "$system" ]; then
  command -v debootstrap >/dev/null || { echo "error: install debootstrap, or name a directory with Debian 11" >&2; exit 1; }
  debootstrap --variant=minbase --include=libc6-dev bullseye "$system"
fi

# Only the linker needs the old glibc: a function that it does not have is an error here, and not on the user's machine.
glibc=$build/glibc
rm -rf "$glibc"
mkdir -p "$glibc"
for file in crt1.o Scrt1.o crti.o crtn.o libc_nonshared.a libgcc_s.so.1 libmvec.so.1; do
  cp -L "$system$libraries/$file" "$glibc/"
done
for name in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1; do
  cp -L "$system/lib${libraries#/usr/lib}/$name" "$glibc/"
  [ $name = libc.so.6 ] || ln -s $name "$glibc/${name%.[0-9]}"
done
cp "$system/lib${libraries#/usr/lib}/ld-$newest.so" "$glibc/ld-linux-x86-64.so.2"
echo "GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( ld-linux-x86-64.so.2 ) )" >"$glibc/libc.so"
gcc -O2 -fPIC -c scripts/portable/old_libc.c -o "$glibc/old_libc.o"
link="-B$glibc/ -L$glibc"

static() { echo "-D$1=$libraries/lib$2.a"; }
cmake --preset release -B "$build" -G Ninja -DCNN_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_RPATH="\$ORIGIN/../lib" \
  -Dspdlog_DIR="$PWD/scripts/portable" -Dyaml-cpp_DIR="$PWD/scripts/portable" -DCNN_STATIC_LIBRARIES="$libraries" \
  "$(static ZLIB_LIBRARY_RELEASE z)" "$(static PNG_LIBRARY_RELEASE png)" "$(static JPEG_LIBRARY_RELEASE jpeg)" \
  "$(static GIF_LIBRARY gif)" "$(static WEBP_LIBRARY webp)" "$(static WEBPDEMUX_LIBRARY webpdemux)" \
  -DCMAKE_EXE_LINKER_FLAGS="$link -static-libstdc++ $glibc/old_libc.o" -DCMAKE_SHARED_LINKER_FLAGS="$link" "$@" >/dev/null
cmake --build "$build" --target cnn_documents  # and the commands, which write them

version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
name=cnn-$version-linux-x86_64
tree=$build/$name
rm -rf "$tree"
cmake --install "$build" --prefix "$tree" --component commands --strip >/dev/null
# What is called of OpenBLAS, and no LAPACK, which would need Fortran's library.
functions=$(sed -n 's/.*\(require\|find\)(library, "\(cblas\|openblas\|blas\)_\([a-z_]*\)".*/\2_\3/p' src/kernels/openblas.cpp)
mkdir "$tree/lib"
# shellcheck disable=SC2086,SC2046
gcc -shared $link -Wl,-soname,libopenblas.so.0 -Wl,-z,defs -Wl,--strip-all $(printf -- '-Wl,-u,%s ' $functions) \
  -o "$tree/lib/libopenblas.so.0" "$libraries/openblas-pthread/libopenblas.a" -lm -lpthread
documents=$tree/share/doc/cnn
mkdir -p "$documents"
cp README.md CHANGELOG.md LICENSE "$documents/"
for package in libopenblas0-pthread libyaml-cpp0.7 libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev zlib1g libjpeg62-turbo \
  libpng16-16 libwebp7 libgif7 libstdc++6; do
  cp "/usr/share/doc/$package/copyright" "$documents/copyright.$package"
done

for file in "$tree"/bin/* "$tree/lib/libopenblas.so.0"; do
  needs=$(objdump -p "$file" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
  [ "$(printf '%s\n' "$needs" GLIBC_$newest | sort -V | tail -1)" = GLIBC_$newest ] || { echo "error: $file needs $needs" >&2; exit 1; }
  others=$(objdump -p "$file" | awk '$1 == "NEEDED" && $2 !~ /^(libc|libm|libdl|libpthread|librt|libgcc_s|ld-linux-x86-64|libmvec)\.so/ { print $2 }')
  [ -z "$others" ] || { echo "error: $file needs" $others >&2; exit 1; }
done
tar -C "$build" --owner=0 --group=0 --sort=name -cJf "$build/$name.tar.xz" "$name"
du -sh "$tree" "$build/$name.tar.xz"
