#!/usr/bin/env bash
# Trains a configuration from the seeds 1 to 5 and prints its row for the table in configs/README.md.
set -euo pipefail

usage() {
  cat <<EOF
usage: scripts/reproduce.sh NAME [OPTION]...

Trains configs/NAME.yaml from the seeds 1 to 5 into runs/reproduce/NAME, scores the last weights of each run on the
test set, and prints a row of the table in configs/README.md: accuracy (mean ± deviation), seconds a run takes on
this machine with loading and scoring, parameters. OPTIONs go to cnn-train, as in --data DIR or --resume; with
--tta shifts the row has the accuracy by the mean over shifted copies, too.

The commands are taken from build/release/bin, or from the folder \$CNN_BIN.
Exit codes: those of cnn-train; 2 also for wrong usage.
EOF
}

case ${1:-} in
  -h | --help) usage && exit 0 ;;
  "" | -*) usage >&2 && exit 2 ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
name=${1%.yaml}
shift
config=$root/configs/$name.yaml
train=${CNN_BIN:-$root/build/release/bin}/cnn-train
if [[ ! -f $config ]]; then
  echo "error: there is no configs/$name.yaml; choose one of: $(cd "$root/configs" && find . -name '*.yaml' -printf '%P ')" >&2
  exit 2
fi
if [[ ! -x $train ]]; then
  echo "error: $train is missing; build it with scripts/quickstart.sh, or name its folder in CNN_BIN" >&2
  exit 2
fi

summary=$("$train" --config "$config" --out "$root/runs/reproduce/$name" --seeds 1-5 --no-progress "$@")
echo "$summary" | grep -v '\.safetensors$' >&2
echo "$summary" | awk -v name="$name.yaml" '
  $1 == "mean" && $3 == "±" {
    seconds = $7 == "s" ? $6 " s" : "-"
    shifts = ""
    for (i = 1; i < NF; ++i) {
      if ($(i + 1) == "parameters") parameters = $i
      if ($i == "shifts") shifts = ", by shifts " $(i + 1) " ± " $(i + 3) " %"
    }
    print "| `" name "` | " $2 " ± " $4 " %" shifts " | " seconds " | " parameters " |"
    found = 1
  }
  END { exit !found }' || { echo "error: no summary to make a row of; is there a test set?" >&2; exit 3; }
