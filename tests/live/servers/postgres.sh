#!/usr/bin/env bash
# postgres.sh PORT: a fresh PostgreSQL under ./postgres with a small pgbench in it; prints its pid once it answers.
set -euo pipefail

binaries=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
install -d -m 700 -o postgres -g postgres postgres
"${as_postgres[@]}" "$binaries/initdb" -D postgres --auth=trust -E UTF8 --locale=C --no-sync > /dev/null
"${as_postgres[@]}" "$binaries/postgres" -D postgres -p "$1" -h 127.0.0.1 -k '' -c jit=off -c fsync=off > postgres.log 2>&1 &
pid=$!
until "$binaries/pg_isready" -q -h 127.0.0.1 -p "$1"; do sleep 0.05; done
"$binaries/pgbench" -q -i -h 127.0.0.1 -p "$1" -U postgres postgres > pgbench.log 2>&1
echo "$pid"
