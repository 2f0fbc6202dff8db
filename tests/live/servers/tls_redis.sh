#!/usr/bin/env bash
# tls_redis.sh PORT COMMAND…: redis-server with TLS on a port, watched by COMMAND --pid, whose output is printed, while
# redis-benchmark does 512 commands of each kind, one at a time and 16 at once.
set -euo pipefail

port=$1
shift
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout redis.key -out redis.crt 2> /dev/null
redis-server --port 0 --tls-port "$port" --tls-cert-file redis.crt --tls-key-file redis.key --tls-ca-cert-file redis.crt \
  --tls-auth-clients no --save '' > redis.log 2>&1 &
redis=$!
trap 'kill "$redis"' EXIT
client=(-p "$port" --tls --insecure)
until redis-cli "${client[@]}" ping > /dev/null 2>&1; do sleep 0.05; done
"$@" --pid "$redis" > footfall.json 2> footfall.err &
footfall=$!
until grep -q recording footfall.err; do kill -0 "$footfall"; sleep 0.05; done
for at_once in 1 16; do
  redis-benchmark "${client[@]}" -n 512 -c 5 -P "$at_once" -t set,get -q > benchmark.log
done
kill -INT "$footfall"
wait "$footfall"
cat footfall.json
