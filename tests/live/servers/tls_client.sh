#!/usr/bin/env bash
# A client that brings its own TLS library, is there before footfall, and connects after it:
#   tls_client.sh rust|go_http1|go_http2|go_stripped|"node WAY VERSION" N FOOTFALL-COMMAND…
# N requests, half of them for each of two paths, on one connection to 127.0.0.1:$PORT (Node: one each). Prints what footfall prints.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
way=$1 times=$2
shift 2

skip() { echo "skip: $1" >&2; exit 77; }

go_client() {
  command -v go > /dev/null || skip "go is not installed"
  GO111MODULE=off go build -ldflags "$1" -o tls_client "$here/tls_client.go"
  command=(./tls_client "$2" "$PORT" "$times" /hello.txt /orders/17)
}

case "$way" in
  rust)
    command=("$here/../../../build/servers/tls_rust" get "$PORT" "$times" /hello.txt /orders/17)
    [ -x "${command[0]}" ] || skip "a client with rustls is not there: tests/live/get_servers.sh tls_rust"
    ;;
  go_http1) go_client "" http1 ;;
  go_http2) go_client "" http2 ;;
  go_stripped) go_client "-s -w" http1 ;;
  node\ *)
    command -v node > /dev/null || skip "node is not installed"
    read -ra words <<< "$way"
    command=(node "$here/tls_client.js" "${words[@]:1}" $((times / 2)) /hello.txt /orders/17)
    ;;
  *) echo "unknown client '$way'" >&2; exit 2 ;;
esac

mkfifo start
"${command[@]}" < start &
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
