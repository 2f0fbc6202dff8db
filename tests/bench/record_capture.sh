#!/usr/bin/env bash
# Records what pipeline_bench replays: nginx with one worker, wrk with 64 kept-alive connections for a moment, loopback.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
footfall=${FOOTFALL:-$here/../../build/release/agent/footfall}
port=${PORT:-18091}
work=$(mktemp -d)
nginx_pid=
trap '[ -z "$nginx_pid" ] || kill "$nginx_pid"; rm -rf "$work"' EXIT

cat > "$work/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $work/pid; error_log $work/errors; events { worker_connections 1024; }
http { access_log off; client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u;
  scgi_temp_path $work/s; server { listen 127.0.0.1:$port; location / { return 200 "a small body, as an API would send\n"; } } }
CONF
nginx -c "$work/nginx.conf" 2> /dev/null &
nginx_pid=$!
sleep 0.5
"$footfall" record -q -p "$nginx_pid" --raw "$here/capture.ffraw" --force -- wrk -t1 -c64 -d1s "http://127.0.0.1:$port/orders/17" > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
chmod 0644 "$here/capture.ffraw"
ls -l "$here/capture.ffraw"
