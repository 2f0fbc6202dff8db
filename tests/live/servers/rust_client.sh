#!/usr/bin/env bash
# A client with rustls that is there before footfall, and connects after it: rust_client.sh N FOOTFALL-COMMAND…
# N requests, half of them for each of two paths, on one connection to 127.0.0.1:$PORT. Prints what footfall prints.
set -euo pipefail

program=$(cd "$(dirname "$0")/../../.." && pwd)/build/servers/tls_rust
if [ ! -x "$program" ]; then
  echo "skip: a client with rustls is not there: tests/live/get_servers.sh tls_rust" >&2
  exit 77
fi
times=$1
shift
mkfifo start
"$program" get "$PORT" "$times" /hello.txt /orders/17 < start &
client=$!
exec 3> start
"$@" --pid "$client" > session.json 2> footfall.log &
footfall=$!
for _ in $(seq 100); do
  grep -q recording footfall.log && break
  sleep 0.1
done
echo >&3
wait "$client"
kill -INT "$footfall"
status=0
wait "$footfall" || status=$?
cat session.json
exit "$status"
