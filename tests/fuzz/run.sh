#!/usr/bin/env bash
# Runs every libFuzzer target for a while, two at a time, from its seeds in corpus/NAME.
#   fuzz/run.sh [SECONDS [BUILD]]        default: 60 build/asan, which has them for CI; build/fuzz is faster, for a long search
# HTTP and files that are handed over are searched for SECONDS, all else for a fifth of it.
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-60}
build=$root/${2:-build/asan}
work=$build/fuzz-runs
mkdir -p "$work"

fuzz_one() {
  local name time
  name=$(basename "$1" _fuzz)
  case "$name" in http1 | raw_file | session_file) time=$seconds ;; *) time=$((seconds / 5)) ;; esac
  mkdir -p "$work/$name.found" "$work/$name.crashes"
  local seeds=()
  [ ! -d "$root/tests/fuzz/corpus/$name" ] || seeds=("$root/tests/fuzz/corpus/$name")
  if "$1" -max_total_time="$time" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$work/$name.crashes/" "$work/$name.found" "${seeds[@]}" > "$work/$name.log" 2>&1; then
    echo "ok $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log") inputs"
  else
    echo "not ok $name: $work/$name.log"
    tail -n 25 "$work/$name.log" | sed 's/^/    /'
  fi
}
export -f fuzz_one
export root work seconds

results=$(find "$build/tests/fuzz" -maxdepth 1 -name '*_fuzz' -type f | sort | xargs -r -P 2 -I '{}' bash -c 'fuzz_one {}')
[ -n "$results" ] || { echo "no fuzz target is built: cmake --preset asan && cmake --build --preset asan"; exit 1; }
echo "$results"
failed=$(grep -c '^not ok' <<< "$results")
echo "$(grep -c '^ok' <<< "$results") passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
