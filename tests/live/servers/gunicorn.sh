#!/usr/bin/env bash
# gunicorn.sh PORT APPLICATION PATH OPTIONS…: gunicorn with an application of this folder; prints the pid of its master once it
# answers, and all of its workers have.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
port=$1 application=$2 path=$3
shift 3
/usr/bin/python3 -m gunicorn --chdir "$here" -b "127.0.0.1:$port" --log-level warning "$@" "$application" > gunicorn.log 2>&1 &
pid=$!
for _ in $(seq 200); do
  if curl -sf "http://127.0.0.1:$port$path" > /dev/null; then break; fi
  sleep 0.05
done
for _ in $(seq 40); do curl -sf "http://127.0.0.1:$port$path" > /dev/null; done
echo "$pid"
