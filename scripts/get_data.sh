# shellcheck shell=bash
# What get_mnist.sh and get_cifar10.sh share; sourced by them.

readonly CONNECT_SECONDS=5 # a server that cannot be reached is given up after this
readonly STALL_SECONDS=15  # a download that stands still this long is given up

# download URL FILE: says what went wrong on stderr.
download() {
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --connect-timeout "$CONNECT_SECONDS" \
      --speed-limit 1000 --speed-time "$STALL_SECONDS" --output "$2" -- "$1"
  elif command -v wget >/dev/null; then
    wget --no-verbose --tries=1 --dns-timeout="$CONNECT_SECONDS" --connect-timeout="$CONNECT_SECONDS" \
      --read-timeout="$STALL_SECONDS" --output-document="$2" -- "$1"
  else
    echo "neither curl nor wget is installed" >&2
    return 1
  fi
}

# take_folder NAME [ARGUMENT...]: sets target to the folder that the command line names, or to data/NAME of this repository.
# Needs a function usage.
take_folder() {
  local name=$1
  shift
  case ${1:-} in
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
  esac
  if (($# > 1)); then
    usage >&2
    exit 2
  fi
  target=${1:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)/data/$name}
}

# make_parts: makes the target, and in it a folder parts for what is not whole yet, which goes when the script ends. It is on
# the same file system, so that mv is a rename.
make_parts() {
  mkdir -p -- "$target"
  parts=$(mktemp -d -- "$target/.parts.XXXXXX")
  trap 'rm -rf -- "$parts"' EXIT
}
