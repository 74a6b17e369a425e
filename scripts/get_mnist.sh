#!/usr/bin/env bash
# Puts MNIST's four files, gzipped, into data/mnist (or the folder given), verified to be the genuine ones.
# They are taken from the folder $MNIST_DIR where that is set and holds them, otherwise from a public mirror.
set -euo pipefail
# shellcheck source=scripts/get_data.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/get_data.sh"

readonly MIRRORS=(
  https://ossci-datasets.s3.amazonaws.com/mnist
  https://storage.googleapis.com/cvdf-datasets/mnist
)
# Name, bytes and SHA-256 of each file's decompressed contents: copies compressed by other hands pass, too.
readonly FILES=(
  "train-images-idx3-ubyte 47040016 ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
  "train-labels-idx1-ubyte 60008 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
  "t10k-images-idx3-ubyte 7840016 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
  "t10k-labels-idx1-ubyte 10008 ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
)

usage() {
  cat <<EOF
usage: scripts/get_mnist.sh [FOLDER]

Puts MNIST's four files (11 MB, gzipped) into FOLDER (default: data/mnist of this repository). They come from the
folder \$MNIST_DIR if that is set and holds them (plain or .gz, named like train-images-idx3-ubyte or
train-images.idx3-ubyte), otherwise from a public mirror, with curl or wget. Every file is checked by size and
SHA-256; files that are already there and right are left alone.

Exit codes: 0 all four files are there, 1 they could not be had, 2 usage.
EOF
}

# contents FILE: writes the file's contents, decompressed.
contents() {
  case $1 in
    *.gz) gzip -dc -- "$1" ;;
    *) cat -- "$1" ;;
  esac
}

# genuine FILE BYTES SHA256: whether these are the file's contents. Reads one byte more than BYTES at most.
genuine() {
  local sum
  sum=$(contents "$1" 2>/dev/null | head -c $(($2 + 1)) | sha256sum) || return 1
  [[ ${sum%% *} == "$3" ]]
}

# pack FILE: writes the file as it is if it is gzipped, otherwise gzipped.
pack() {
  case $1 in
    *.gz) cat -- "$1" ;;
    *) gzip -n -c -- "$1" ;;
  esac
}

# from_folder NAME BYTES SHA256 PART: copies the file out of $MNIST_DIR to PART, gzipped.
from_folder() {
  local name=$1 file found=0
  for file in "$MNIST_DIR/"{"$name","${name/-idx/.idx}"}{.gz,}; do
    [[ -f $file ]] || continue
    found=1
    if ! pack "$file" >"$4"; then
      reasons+=("$file: could not be copied")
    elif ! genuine "$4" "$2" "$3"; then
      reasons+=("$file: not MNIST's (its size or SHA-256 differs)")
    else
      echo "$name.gz: from $file"
      return 0
    fi
  done
  ((found)) || reasons+=("$MNIST_DIR (MNIST_DIR): holds no $name")
  return 1
}

# from_mirrors NAME BYTES SHA256 PART: downloads the file to PART. A mirror that fails is struck off the list.
from_mirrors() {
  local name=$1 mirror message
  while ((${#mirrors[@]} > 0)); do
    mirror=${mirrors[0]}
    if ! message=$(download "$mirror/$name.gz" "$4" 2>&1); then
      reasons+=("$mirror: ${message:-no answer}")
    elif ! genuine "$4" "$2" "$3"; then
      reasons+=("$mirror: what it sends as $name.gz is not MNIST's (its size or SHA-256 differs)")
    else
      echo "$name.gz: from $mirror"
      return 0
    fi
    mirrors=("${mirrors[@]:1}")
  done
  return 1
}

# get NAME BYTES SHA256: fetches one file, which appears under its name only when whole and verified.
get() {
  local file=$target/$1.gz part=$parts/$1.gz
  if { [[ -n ${MNIST_DIR:-} ]] && from_folder "$@" "$part"; } || from_mirrors "$@" "$part"; then
    mv -f -- "$part" "$file"
    return
  fi
  {
    echo "$file: error: could not be had"
    printf '  %s\n' "${reasons[@]}"
    echo "  set MNIST_DIR to a folder that holds MNIST's four files and run this again; data/digits needs no download"
  } >&2
  return 1
}

take_folder mnist "$@"
missing=()
for entry in "${FILES[@]}"; do
  read -r name bytes sum <<<"$entry"
  genuine "$target/$name.gz" "$bytes" "$sum" || missing+=("$entry")
done
if ((${#missing[@]} == 0)); then
  echo "$target: MNIST is already there, whole and verified"
  exit 0
fi

make_parts
mirrors=("${MIRRORS[@]}")
reasons=()
for entry in "${missing[@]}"; do
  read -r name bytes sum <<<"$entry"
  get "$name" "$bytes" "$sum"
done
echo "$target: MNIST is complete, whole and verified"
