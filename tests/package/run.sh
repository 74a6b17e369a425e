#!/usr/bin/env bash
# package test: makes the Debian packages of a build, looks at them (with lintian, where it is installed), and as root,
# where debootstrap is installed and a mirror answers, installs them in a fresh system, runs the examples there without a
# network, and removes them.
# Usage: run.sh BUILD_DIR SOURCE_DIR. CNN_CHROOT names a directory that holds a fresh system already; it is copied.
# It takes many minutes and may fetch packages: only where CNN_TEST_PACKAGES is set.
# Exit code 77: it is not, or there is nothing here to make packages with.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
chroot=$work/system

clean_up() {
  if mountpoint -q "$chroot/proc"; then umount "$chroot/proc"; fi
  rm -rf "$work"
}
trap clean_up EXIT
fail() { echo "package test: $*" >&2; exit 1; }

[ -n "${CNN_TEST_PACKAGES:-}" ] || { echo "package test: set CNN_TEST_PACKAGES=1 to run it"; exit 77; }
for tool in cpack dpkg-deb dpkg-shlibdeps; do
  command -v $tool >/dev/null || { echo "package test: $tool is not installed"; exit 77; }
done

echo "== packages"
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work" >"$work/log" || { cat "$work/log"; fail "cpack"; }
version=$(sed -n 's/^set(CPACK_PACKAGE_VERSION "\(.*\)")/\1/p' "$build/CPackConfig.cmake")
architecture=$(dpkg --print-architecture)
packages="cnn libcnn0 libcnn-dev"
for kind in openmpi mpich; do
  [ -z "$(find "$build" -name cnn-mpi-$kind.so)" ] || packages+=" cnn-$kind"
done
for package in $packages; do
  file=$work/${package}_${version}_$architecture.deb
  [ -f "$file" ] || fail "$(basename "$file") was not made"
  dpkg-deb --contents "$file" | awk '{ print $6 }' | sort >"$work/$package.files"
  grep -q "/usr/share/doc/$package/copyright" "$work/$package.files" || fail "$package has no copyright file"
  grep -q "/usr/share/doc/$package/changelog.gz" "$work/$package.files" || fail "$package has no changelog"
done
for file in bin/cnn-train share/man/man1/cnn-train.1.gz share/man/man5/cnn.yaml.5.gz share/cnn/cnn.schema.json \
  share/cnn/configs/digits.yaml share/cnn/data/digits/train-images-idx3-ubyte.gz share/cnn/data/shapes/train/ \
  share/bash-completion/completions/cnn-train; do
  grep -q "^./usr/$file$" "$work/cnn.files" || fail "cnn has no $file"
done
grep -q 'libcnn\.so\.0$' "$work/libcnn0.files" || fail "libcnn0 has no library"
grep -q 'include/cnn/classifier.hpp$' "$work/libcnn-dev.files" || fail "libcnn-dev has no headers"
dpkg-deb --field "$work/cnn_${version}_$architecture.deb" Depends | grep -q 'libopenblas0.*libstdc++6' ||
  fail "cnn depends on $(dpkg-deb --field "$work/cnn_${version}_$architecture.deb" Depends)"

echo "== lintian"
if command -v lintian >/dev/null; then
  lintian --fail-on error "$work"/*.deb || fail "lintian"
else
  echo "lintian is not installed"
fi

echo "== a fresh system"
if [ "$(id -u)" -ne 0 ]; then echo "only root can install packages"; exit 0; fi
if [ -n "${CNN_CHROOT:-}" ]; then
  cp -a "$CNN_CHROOT" "$chroot"
else
  command -v debootstrap >/dev/null || { echo "debootstrap is not installed"; exit 0; }
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  debootstrap --variant=minbase "$release" "$chroot" >"$work/log" 2>&1 || { echo "no fresh $release: $(tail -1 "$work/log")"; exit 0; }
fi
mountpoint -q "$chroot/proc" || mount -t proc proc "$chroot/proc"
cp --remove-destination /etc/resolv.conf "$chroot/etc/resolv.conf"
cp "$work"/*.deb "$chroot/tmp/"
inside() { LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$chroot" "$@"; }
offline() { LC_ALL=C unshare --net chroot "$chroot" "$@"; }
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends "/tmp/cnn_${version}_$architecture.deb" >"$work/log" 2>&1 || { tail "$work/log"; fail "apt-get install"; }
# The README's three commands, and the example that comes along.
offline sh -ec '
  cd /root
  cp -r /usr/share/cnn/data/shapes my-pictures
  cnn-train --init my-pictures
  cnn-train --config my-pictures.yaml
  cnn-predict --model runs/my-pictures/model.safetensors my-pictures/test/star/star-01.jpg
  cnn-train --config /usr/share/cnn/configs/digits.yaml --set training.epochs=2 --out runs/digits
  cnn-eval --model runs/digits/model.safetensors
  cnn-predict --model runs/digits/model.safetensors /usr/share/cnn/data/samples/0-pencil-on-white.png
  cnn-train --print-schema | cmp - /usr/share/cnn/configs/cnn.schema.json'
inside apt-get install -y -qq --no-install-recommends "/tmp/libcnn0_${version}_$architecture.deb" >"$work/log" 2>&1 || { tail "$work/log"; fail "libcnn0"; }
inside ldconfig -p | grep -q 'libcnn\.so\.0' || fail "the dynamic linker does not know libcnn.so.0"
inside apt-get purge -y -qq cnn libcnn0 >"$work/log" 2>&1 || { tail "$work/log"; fail "apt-get purge"; }
left=$(find "$chroot/usr" "$chroot/etc" -path '*cnn*' -print)
[ -z "$left" ] || fail "left behind: $left"
