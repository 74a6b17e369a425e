#!/usr/bin/env bash
# Two ranks on two hosts, which are network namespaces joined by a pair of veth: the bytes of one process, and an end with a
# message where the link is cut. run.sh COMMANDS_DIR SOURCE_DIR MODULES_DIR; needs root, ip and an mpirun with its module, and is
# skipped (77) without.
set -euo pipefail
train=$1/cnn-train
here=$2/tests/two_hosts
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "only root makes network namespaces"
command -v ip unshare >/dev/null || skip "needs ip and unshare"
mpis=()
for mpi in openmpi mpich; do
  if command -v mpirun.$mpi >/dev/null && [ -e "$3/cnn-mpi-$mpi.so" ]; then mpis+=($mpi); fi
done
[ ${#mpis[@]} -gt 0 ] || skip "needs Open MPI or MPICH, and a build with CNN_MPI"

work=$(mktemp -d)
clean() {
  ip netns delete cnn-test-1 2>/dev/null || true
  ip netns delete cnn-test-2 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
{ ip netns add cnn-test-1 && ip netns add cnn-test-2; } 2>/dev/null || skip "this machine lets nobody make network namespaces"
ip link add cnn-1 netns cnn-test-1 type veth peer name cnn-2 netns cnn-test-2
ip -n cnn-test-1 addr add 10.77.0.1/24 dev cnn-1
ip -n cnn-test-2 addr add 10.77.0.2/24 dev cnn-2
for host in 1 2; do
  ip -n cnn-test-$host link set lo up
  ip -n cnn-test-$host link set cnn-$host up
done
# The kernel says a moment later that a link runs; before that UCX, which MPICH may be built on, does not see the device.
for host in 1 2; do
  until ip -n cnn-test-$host link show cnn-$host | grep -q "state UP"; do sleep 0.1; done
done

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_hwloc_base_binding_policy=none
# Both hosts are one machine, of whose memory UCX would make its link.
export UCX_TLS=tcp,self
launch() {  # which MPI, the arguments of cnn-train
  local options=(-launcher rsh -launcher-exec "$here/agent.sh" -iface cnn-1 -hosts 10.77.0.1,10.77.0.2 -ppn 1)
  if [ "$1" = openmpi ]; then
    options=(--mca plm_rsh_agent "$here/agent.sh" --host 10.77.0.1:1,10.77.0.2:1
             --mca oob_tcp_if_include 10.77.0.0/24 --mca btl_tcp_if_include 10.77.0.0/24)
  fi
  "$here/agent.sh" 10.77.0.1 "$(printf '%q ' exec "mpirun.$1" "${options[@]}" -n 2 "$train" "${@:2}")"
}
ranks() { grep -ls "$work/$mpi-cut" /proc/[0-9]*/cmdline | while read -r file; do cat "${file%cmdline}comm"; done 2>/dev/null | grep -c '^cnn-train$' || true; }

options=(--quiet --config "$2/configs/digits.yaml" --set training.steps=40 --threads 1)
"$train" "${options[@]}" --out "$work/alone" >/dev/null
for mpi in "${mpis[@]}"; do
  launch $mpi "${options[@]}" --out "$work/$mpi-two" >/dev/null
  cmp "$work/alone/model.safetensors" "$work/$mpi-two/model.safetensors"
done

"$train" "${options[@]}" --out "$work/alone" --resume --set training.steps=300 >/dev/null
for mpi in "${mpis[@]}"; do
  # A run that would take for ever; the link is cut once it has a checkpoint.
  launch $mpi "${options[@]}" --out "$work/$mpi-cut" --set training.steps=1000000 --set "output.checkpoint_every=5 steps" \
    >"$work/log" 2>&1 &
  launcher=$!
  until [ -e "$work/$mpi-cut/last.safetensors" ]; do sleep 0.1; done
  ip -n cnn-test-2 link set cnn-2 down
  # The launcher waits for the other host in its own way; the ranks do not.
  for ((second = 0; second < 60; ++second)); do
    [ "$(ranks)" -eq 0 ] && break
    sleep 1
  done
  [ "$(ranks)" -eq 0 ] || { echo "ranks of $mpi outlive the link"; exit 1; }
  grep -q "has not been heard of for 20 seconds" "$work/log"
  kill -9 "$launcher" 2>/dev/null || true
  ip -n cnn-test-2 link set cnn-2 up

  # What it had reached goes on, on one host, to the bytes of a run that nobody cut.
  "$train" "${options[@]}" --out "$work/$mpi-cut" --resume --set training.steps=300 >/dev/null
  cmp "$work/alone/model.safetensors" "$work/$mpi-cut/model.safetensors"
done
