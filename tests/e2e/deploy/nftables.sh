#!/usr/bin/env bash
# Tests deploy/nftables with packets. A network namespace stands for the machine, another one for
# its neighbour; a listener runs on each of three ports.
#
#   nftables.sh RULES WORK
#
# Prints a line for each check that passes. Ends with 1 at the first that fails.
set -eu

if [ "${INSIDE:-}" != yes ]; then
  # Become root in a user namespace, so that no rights on this machine are needed.
  INSIDE=yes exec unshare --map-root-user --net --mount-proc --pid --fork --kill-child "$0" "$@"
fi

rules=$1
work=$2
export PATH="$PATH:/usr/sbin:/sbin"
ip link set lo up
unshare --net sleep 120 &
neighbour=$!
until [ "$(readlink "/proc/$neighbour/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add here type veth peer name there netns "$neighbour"
ip address add 10.77.0.1/24 dev here
ip address add fd77::1/64 dev here nodad
ip link set here up
beside() { nsenter --target "$neighbour" --net "$@"; }
beside ip address add 10.77.0.2/24 dev there
beside ip address add fd77::2/64 dev there nodad
beside ip link set there up

echo hola >"$work/index.html"
for port in 3001 3012 8080; do
  python3 -m http.server --directory "$work" --bind :: "$port" >/dev/null 2>&1 &
done
get() { curl -sf -o /dev/null -m 2 "http://$1/"; }
for port in 3001 3012 8080; do
  until get "127.0.0.1:$port"; do :; done
done

holds() { # <what> <command>…
  local what=$1
  shift
  if "$@"; then echo "$what"; else
    echo "NOT: $what" >&2
    exit 1
  fi
}
reached() { beside curl -sf -o /dev/null -m 2 "http://$1/"; }
refused() { ! reached "$1"; }

holds "without the rules the neighbour reaches 3001" reached 10.77.0.1:3001
nft -f "$rules"
nft -f "$rules"
holds "loading the rules twice creates one table" test "$(nft list tables | grep -c leadmaster)" = 1
for port in 3001 3012; do
  holds "this machine reaches $port" get "127.0.0.1:$port"
  holds "this machine reaches $port over IPv6" get "[::1]:$port"
  holds "the neighbour does not reach $port" refused "10.77.0.1:$port"
  holds "the neighbour does not reach $port over IPv6" refused "[fd77::1]:$port"
done
holds "other ports stay open" reached 10.77.0.1:8080
sed 's/define HUBS = .*/define HUBS = { 127.0.0.1, 10.77.0.2 }/' "$rules" >"$work/own.nft"
nft -f "$work/own.nft"
holds "a hub that is named reaches 3001" reached 10.77.0.1:3001
holds "the same hub does not reach 3012" refused 10.77.0.1:3012
nft delete table inet leadmaster
holds "without the table, the neighbour reaches 3012 again" reached 10.77.0.1:3012
kill "$neighbour" $(jobs -p) 2>/dev/null || true
