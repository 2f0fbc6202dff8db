#!/usr/bin/env bash
# The main job on a demo: nginx in front of a small shop, on loopback, under a bounded load, watched by footfall.
#   demo.sh FOOTFALL [SECONDS [ARGUMENT…]]     further arguments go to record; --raw demo.ffraw makes the capture for hosts without BPF
# Prints the usage table, nginx's own count beside footfall's, and the path of the session file; ends everything that it
# started. FOOTFALL_DEMO_RATE bounds the load to so many requests a second, which keeps a capture small.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
footfall=$1
seconds=${2:-5}
work=$(mktemp -d -t footfall-demo.XXXXXX)
session=$work/demo.ffs
pids=()

say() { printf 'footfall demo: %s\n' "$*" >&2; }

stop_all() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  pids=()
}

# The session file stays.
clean_up() {
  stop_all
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

# What footfall counted for nginx as a server, to hold against nginx's own log.
counted_by_footfall() {
  "$footfall" report "$session" --json | /usr/bin/python3 -c 'import json, sys
print(sum(row["uses"] for row in json.load(sys.stdin)["operations"] if row["service"] == "nginx" and row["role"] == "server"))'
}

start_servers() {
  local nginx
  nginx=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx)
  read -r nginx_port shop_port < <(free_ports)
  sed -e "s|@DIR@|$work|" -e "s|@NGINX_PORT@|$nginx_port|" -e "s|@SHOP_PORT@|$shop_port|" "$here/nginx.conf" > "$work/nginx.conf"
  start "$work/shop.log" /usr/bin/python3 "$here/shop.py" "$shop_port"
  start "$work/nginx.log" "$nginx" -p "$work" -e stderr -c "$work/nginx.conf"
  if await 10 answers "$shop_port" && await 10 answers "$nginx_port"; then return 0; fi
  cat "$work"/*.log >&2
  say "the demo's servers did not start"
  exit 1
}

start_recording() { # arguments for record
  # Ended after the load; the duration is for the case that nobody is left to end it.
  "$footfall" record --pid "${pids[0]},${pids[1]}" -d "$((seconds + 60))s" -o "$session" "$@" 2> "$work/record.log" > "$work/table" &
  recorder=$!
  pids+=("$recorder")
  if await 15 recording_or_gone && grep -q recording "$work/record.log"; then return 0; fi
  cat "$work/record.log" >&2
  exit 1
}

main() { # arguments for record
  local nginx_port shop_port recorder code=0
  start_servers
  say "nginx on 127.0.0.1:$nginx_port in front of a shop in Python; $seconds s of load on 16 connections"
  start_recording "$@"
  wrk -t2 -c16 -d"${seconds}s" -s "$here/load.lua" "http://127.0.0.1:$nginx_port" > "$work/wrk.log"
  sleep 0.3 # requests that wrk has left are finished by then
  kill "$recorder"
  wait "$recorder" || code=$?
  stop_all
  grep -vE '^footfall: (recording|session file)' "$work/record.log" >&2 || true
  cat "$work/table"
  if [ "$code" = 0 ]; then
    printf '\nnginx wrote %s requests in its access log; footfall counted %s uses of it. Session: %s\n' \
      "$(wc -l < "$work/access.log")" "$(counted_by_footfall)" "$session"
  fi
  return "$code"
}

main "${@:3}"
