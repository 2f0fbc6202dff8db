#!/usr/bin/env bash
# tls_postgres.sh PORT COMMAND…: PostgreSQL with TLS on a port, watched by COMMAND --pid, whose output is printed, while psql
# connects five times. With CLIENT=tls_psycopg2.py that client is watched, and connects instead.
set -euo pipefail

port=$1
shift
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout pg.key -out pg.crt 2> /dev/null
server=$(postgres.sh "$port")
trap 'kill "$server"' EXIT
install -m 600 -o postgres -g postgres pg.key postgres/server.key
install -m 600 -o postgres -g postgres pg.crt postgres/server.crt
psql="psql -q -h 127.0.0.1 -p $port -U postgres"
$psql -c 'ALTER SYSTEM SET ssl = on' -c 'SELECT pg_reload_conf()' postgres > /dev/null
until $psql 'dbname=postgres sslmode=require' -c 'SELECT 1' > /dev/null 2>&1; do sleep 0.05; done
if [ -n "${CLIENT:-}" ]; then
  status=0
  "$CLIENT" "$port" "$@" || status=$?
  exit "$status"
fi
"$@" --pid "$server" > footfall.json 2> footfall.err &
footfall=$!
until grep -q recording footfall.err; do kill -0 "$footfall"; sleep 0.05; done
for _ in 1 2 3 4 5; do
  $psql 'dbname=postgres sslmode=require' -c 'SELECT 1' -c 'SELECT count(*) FROM pg_class' > rows
done
kill -INT "$footfall"
wait "$footfall"
cat footfall.json
