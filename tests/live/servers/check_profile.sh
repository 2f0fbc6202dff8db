#!/usr/bin/env bash
# check_profile.sh URL: the agent there takes one profile at a time and answers with what pprof's readers read.
set -euo pipefail

status() { curl -s -o "$1" -w '%{http_code}' "$2"; }

"$BURNER" 4 > truth.json &
status first.pb.gz "$1/debug/pprof/profile?seconds=2" > first.status &
first=$!
sleep 0.5
[ "$(status second "$1/debug/pprof/profile?seconds=1")" = 503 ] || { echo "a second profile at once: not refused" >&2; exit 1; }
grep -qi profile second
for seconds in 0 -1 x 99999999999; do
    [ "$(status bad "$1/debug/pprof/profile?seconds=$seconds")" = 400 ] || { echo "seconds=$seconds: not refused" >&2; exit 1; }
done
wait "$first"
[ "$(cat first.status)" = 200 ] || { echo "the first profile: $(cat first.status)" >&2; exit 1; }
gzip -t first.pb.gz
[ "$(status third.pb.gz "$1/debug/pprof/profile?seconds=1")" = 200 ] || { echo "the next profile: refused" >&2; exit 1; }
go=$(command -v go || true)
if [ "$go" ]; then "$go" tool pprof -top first.pb.gz | grep -q burn_half; fi
