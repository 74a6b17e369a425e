#!/usr/bin/env bash
# Puts CIFAR-10 in its binary form into data/cifar10 (or the folder given), verified to be the genuine one.
# It is taken from the folder $CIFAR10_DIR where that is set and holds it, otherwise from its public source.
set -euo pipefail
# shellcheck source=scripts/get_data.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/get_data.sh"

readonly SOURCE=https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz
readonly ARCHIVE_MD5=c32a1d4ab5d03f1284b67883e8d87530 # as the source states it
readonly RECORDS=30730000                             # bytes of each file of 10,000 records
readonly FILES=(data_batch_1.bin data_batch_2.bin data_batch_3.bin data_batch_4.bin data_batch_5.bin test_batch.bin)

usage() {
  cat <<EOF
usage: scripts/get_cifar10.sh [FOLDER]

Puts CIFAR-10's six files of pictures (184 MB) and batches.meta.txt into FOLDER (default: data/cifar10 of this
repository). They come from the folder \$CIFAR10_DIR if that is set and holds them, otherwise from
$SOURCE
(162 MB), with curl or wget, whose checksum is verified. Files that are already there are left alone.

Exit codes: 0 all files are there, 1 they could not be had, 2 usage.
EOF
}

# complete FOLDER: whether it holds all files, each of its size.
complete() {
  local file
  [[ -s $1/batches.meta.txt ]] || return 1
  for file in "${FILES[@]}"; do
    [[ -f $1/$file && $(stat -Lc %s -- "$1/$file") == "$RECORDS" ]] || return 1
  done
}

# fail REASON
fail() {
  {
    echo "$target: error: $1"
    echo "  set CIFAR10_DIR to a folder that holds data_batch_1.bin and the others, and run this again"
  } >&2
  exit 1
}

take_folder cifar10 "$@"
if complete "$target"; then
  echo "$target: CIFAR-10 is already there"
  exit 0
fi
make_parts

if [[ -n ${CIFAR10_DIR:-} ]] && complete "$CIFAR10_DIR"; then
  for file in "${FILES[@]}" batches.meta.txt; do cp -- "$CIFAR10_DIR/$file" "$parts/"; done
else
  [[ -z ${CIFAR10_DIR:-} ]] || echo "$CIFAR10_DIR (CIFAR10_DIR): does not hold all of CIFAR-10's files" >&2
  download "$SOURCE" "$parts/archive.tar.gz" || fail "could not be downloaded from $SOURCE"
  sum=$(md5sum <"$parts/archive.tar.gz")
  [[ ${sum%% *} == "$ARCHIVE_MD5" ]] || fail "what $SOURCE sends is not CIFAR-10 (its checksum differs)"
  tar -xzf "$parts/archive.tar.gz" -C "$parts" --strip-components=1
fi
complete "$parts" || fail "the files are not whole"
for file in "${FILES[@]}" batches.meta.txt; do mv -f -- "$parts/$file" "$target/"; done
echo "$target: CIFAR-10 is complete"
