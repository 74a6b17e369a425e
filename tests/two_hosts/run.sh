#!/usr/bin/env bash
# Two ranks on two hosts, which are network namespaces joined by a pair of veth: the bytes of one process, and an end with a
# message where the link is cut. run.sh COMMANDS_DIR SOURCE_DIR MODULE; needs root, mpirun and ip, and is skipped (77) without.
set -euo pipefail
train=$1/cnn-train
here=$2/tests/two_hosts
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "only root makes network namespaces"
command -v ip unshare >/dev/null || skip "needs ip and unshare"
command -v mpirun.openmpi >/dev/null || skip "needs Open MPI"
[ -e "$3" ] || skip "built without CNN_MPI"

work=$(mktemp -d)
clean() {
  ip netns delete cnn-test-a 2>/dev/null || true
  ip netns delete cnn-test-b 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
{ ip netns add cnn-test-a && ip netns add cnn-test-b; } 2>/dev/null || skip "this machine lets nobody make network namespaces"
ip link add cnn-a netns cnn-test-a type veth peer name cnn-b netns cnn-test-b
ip -n cnn-test-a addr add 10.77.0.1/24 dev cnn-a
ip -n cnn-test-b addr add 10.77.0.2/24 dev cnn-b
for host in a b; do
  ip -n cnn-test-$host link set lo up
  ip -n cnn-test-$host link set cnn-$host up
done

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_hwloc_base_binding_policy=none
launch() {  # the arguments of cnn-train
  "$here/agent.sh" 10.77.0.1 "$(printf '%q ' exec mpirun.openmpi --mca plm_rsh_agent "$here/agent.sh" \
    --host 10.77.0.1:1,10.77.0.2:1 --mca oob_tcp_if_include 10.77.0.0/24 --mca btl_tcp_if_include 10.77.0.0/24 \
    -n 2 "$train" "$@")"
}
options=(--quiet --config "$2/configs/digits.yaml" --set training.steps=40 --threads 1)
"$train" "${options[@]}" --out "$work/alone" >/dev/null

launch "${options[@]}" --out "$work/two" >/dev/null
cmp "$work/alone/model.safetensors" "$work/two/model.safetensors"

# A run that would take for ever; the link is cut once it has a checkpoint.
launch "${options[@]}" --out "$work/cut" --set training.steps=1000000 --set "output.checkpoint_every=5 steps" \
  >"$work/log" 2>&1 &
launcher=$!
until [ -e "$work/cut/last.safetensors" ]; do sleep 0.1; done
ip -n cnn-test-b link set cnn-b down
# The launcher waits for the other host in its own way; the ranks do not.
ranks() { grep -ls "$work/cut" /proc/[0-9]*/cmdline | while read -r file; do cat "${file%cmdline}comm"; done 2>/dev/null | grep -c '^cnn-train$' || true; }
for ((second = 0; second < 60; ++second)); do
  [ "$(ranks)" -eq 0 ] && break
  sleep 1
done
[ "$(ranks)" -eq 0 ] || { echo "ranks outlive the link"; exit 1; }
grep -q "has not been heard of for 20 seconds" "$work/log"
kill -9 "$launcher" 2>/dev/null || true

# What it had reached goes on, on one host, to the bytes of a run that nobody cut.
"$train" "${options[@]}" --out "$work/cut" --resume --set training.steps=300 >/dev/null
"$train" "${options[@]}" --out "$work/alone" --resume --set training.steps=300 >/dev/null
cmp "$work/alone/model.safetensors" "$work/cut/model.safetensors"
