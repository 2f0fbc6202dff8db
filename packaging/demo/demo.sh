#!/usr/bin/env bash
# The main job on a demo: nginx in front of a small shop, on loopback, under a bounded load, watched by footfall.
#   demo.sh FOOTFALL [SECONDS [ARGUMENT…]]     further arguments go to record; --raw demo.ffraw makes the capture for hosts without BPF
# Prints the usage table and the path of the session file; ends everything that it started.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
footfall=$1
seconds=${2:-8}
work=$(mktemp -d -t footfall-demo.XXXXXX)
session=$work/demo.ffs
pids=()

say() { printf 'footfall demo: %s\n' "$*" >&2; }

# nginx's workers go with their master, which is asked; the others are ended. The session file stays.
clean_up() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  find "$work" -mindepth 1 ! -path "$session" -delete
  rmdir "$work" 2> /dev/null || true
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_ports() {
  /usr/bin/python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[one.getsockname()[1] for one in held])'
}

# await SECONDS COMMAND…: until it succeeds
await() {
  local end=$((SECONDS + $1))
  shift
  until "$@" 2> /dev/null; do
    if [ "$SECONDS" -ge "$end" ]; then return 1; fi
    sleep 0.05
  done
}

recording_or_gone() { grep -q recording "$work/record.log" || ! kill -0 "$recorder"; }

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1"); }

# Keeps a log out of the way of the table; it is shown when what wrote it fails.
start() {
  local log=$1
  shift
  "$@" > "$log" 2>&1 &
  pids+=($!)
}

main() { # arguments for record
  local nginx_port shop_port nginx recorder code=0
  nginx=$(PATH=/usr/sbin:/sbin:$PATH command -v nginx)
  read -r nginx_port shop_port < <(free_ports)
  sed -e "s|@DIR@|$work|" -e "s|@NGINX_PORT@|$nginx_port|" -e "s|@SHOP_PORT@|$shop_port|" "$here/nginx.conf" > "$work/nginx.conf"
  start "$work/shop.log" /usr/bin/python3 "$here/shop.py" "$shop_port"
  start "$work/nginx.log" "$nginx" -p "$work" -e stderr -c "$work/nginx.conf"
  if ! await 10 answers "$shop_port" || ! await 10 answers "$nginx_port"; then
    cat "$work"/*.log >&2
    say "the demo's servers did not start"
    exit 1
  fi

  say "nginx on 127.0.0.1:$nginx_port, in front of a shop in Python; $seconds s of load on 16 connections"
  "$footfall" record --pid "${pids[0]},${pids[1]}" -d "$((seconds + 1))s" -o "$session" "$@" 2> "$work/record.log" > "$work/table" &
  recorder=$!
  pids+=("$recorder")
  if ! await 15 recording_or_gone || ! grep -q recording "$work/record.log"; then
    cat "$work/record.log" >&2
    exit 1
  fi
  wrk -t2 -c16 -d"${seconds}s" -s "$here/load.lua" "http://127.0.0.1:$nginx_port" > "$work/wrk.log"
  wait "$recorder" || code=$?
  tail -n 5 "$work/record.log" >&2
  cat "$work/table"
  say "wrk counts $(awk '/requests in/ { print $1 }' "$work/wrk.log") answered requests; the session is in $session"
  return "$code"
}

main "${@:3}"
