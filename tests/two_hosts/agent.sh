#!/usr/bin/env bash
# An rsh for hosts that are network namespaces: agent.sh [option…] ADDRESS COMMAND…
while [ "${1#-}" != "$1" ]; do shift; done
case $1 in 10.77.0.1) host=cnn-test-a ;; 10.77.0.2) host=cnn-test-b ;; *) echo "no host $1" >&2; exit 1 ;; esac
shift
exec ip netns exec "$host" unshare --uts bash -c "hostname $host; $*"
