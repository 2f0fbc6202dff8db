#!/bin/sh
# costs_of.sh PROGRAM HOW WORKERS BURN WAIT CONNECTIONS REQUESTS [ARGUMENT…]: a spender (spender.cc) under that load, warmed up
# by a tenth of it. In truth.json what it says of itself, in s.ffs and s.json what `footfall record` with these arguments does.
: > server
"$1" "$2" "$3" "$4" "$5" > server 2> server.err &
server=$!
pause=$(($5 / 8)) connections=$6 requests=$7
shift 7
timeout 20 sh -c 'until grep -q . server; do sleep 0.02; done'
port=$(head -n 1 server)
timeout 60 "$SPENDER" ask "$port" "$connections" $((requests / 10)) "$pause"
"$SPENDER" anew "$port"
session_of.sh s.ffs "timeout 60 \"$SPENDER\" ask $port $connections $requests $pause" -p $server "$@"
code=$?
kill -TERM $server
wait $server
tail -n 1 server > truth.json
"$FOOTFALL" report s.ffs --json > s.json && exit $code
