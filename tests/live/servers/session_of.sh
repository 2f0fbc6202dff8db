#!/bin/sh
# session_of.sh FILE.ffs LOAD ARGUMENT…: what `footfall record` with these arguments sees while the shell line LOAD runs.
file=$1
load=$2
shift 2
"$FOOTFALL" record -o "$file" "$@" > "$file.table" 2> "$file.said" &
watcher=$!
if ! timeout 20 sh -c "until grep -q recording '$file.said'; do sleep 0.05; done"; then
  cat "$file.said" >&2
  exit 1
fi
sh -c "$load" > "$file.load" 2>&1
code=$?
[ $code = 0 ] || cat "$file.load" >&2
sleep 0.3
kill -INT $watcher
wait $watcher && exit $code
