#!/usr/bin/env bash
# Golden tests: recorded events in, exact table out. Each folder here is a case: capture.ffraw and expected.json, and
# optionally `args`, further arguments of replay. A new case is a new folder.
#   replay/run.sh [--update] [CASE…]     --update writes expected.json anew: read the difference before committing it
# FOOTFALL names the program (default build/release/agent/footfall).
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
footfall=${FOOTFALL:-$here/../../build/release/agent/footfall}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
update=
if [ "${1:-}" = --update ]; then update=yes && shift; fi
passed=0 failed=0

# What depends on the machine that replays, and not on the capture, is left out.
normalise() { jq -S 'del(.session.overhead, .session.source, .session.footfall_version)'; }

run_case() {
  local args=()
  [ ! -f "$1/args" ] || mapfile -t args < "$1/args"
  "$footfall" replay "$1/capture.ffraw" --json "${args[@]}" 2> "$work/stderr" > "$work/out" || { cat "$work/stderr"; return 1; }
  normalise < "$work/out" > "$work/found" || return 1
  if [ -n "$update" ]; then cp "$work/found" "$1/expected.json"; fi
  diff -u "$1/expected.json" "$work/found"
}

cases=("$@")
[ $# -gt 0 ] || mapfile -t cases < <(find "$here" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
[ ${#cases[@]} -gt 0 ] || { echo "no case in $here"; exit 1; }
for name in "${cases[@]}"; do
  if difference=$(run_case "$here/$name"); then
    passed=$((passed + 1))
    echo "ok $name"
  else
    failed=$((failed + 1))
    echo "not ok $name"
    head -n 40 <<< "    ${difference//$'\n'/$'\n    '}"
  fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
