#!/usr/bin/env bash
# An rsh for hosts that are network namespaces, cnn-test-N at 10.77.0.N: agent.sh [option…] ADDRESS COMMAND…
while [ "${1#-}" != "$1" ]; do shift; done
case $1 in 10.77.0.*) host=cnn-test-${1##*.} ;; *) echo "no host $1" >&2; exit 1 ;; esac
shift
exec ip netns exec "$host" unshare --uts bash -c "hostname $host; $*"
