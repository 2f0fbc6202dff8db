#!/usr/bin/env bash
# serve_debug.sh PORT DEBUG_FILE COMMAND…: runs the command while a debuginfod serves that file; its log is ./requests.
set -euo pipefail

port=$1 file=$2
shift 2
mkdir served
cp "$file" served/
id=$(readelf -n "$file" | awk '/Build ID:/ { print $3 }')
env -u DEBUGINFOD_URLS debuginfod -v -p "$port" -d :memory: -t 0 -g 0 -F served > requests 2>&1 &
server=$!
trap 'kill $server' EXIT
until curl -sf -o /dev/null "http://127.0.0.1:$port/buildid/$id/debuginfo"; do kill -0 $server; sleep 0.05; done
"$@"
