#!/usr/bin/env bash
# Installs what the tests need, builds footfall, and runs its tests.
#   tests/run.sh [STEP…]      unit replay live fuzz vm     (default: all of them)
# Unit tests and fuzz targets run under sanitizers (build/asan); what is watched and measured is what users run (build/release).
# A line for each step, with its time; the output of a step is in build/test-logs/STEP.log, and is shown when it fails.
# Without privilege or BPF the live tests skip with the reason. FOOTFALL_FUZZ_SECONDS (60) is the time for each fuzz target.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
logs=build/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0 failures=()

say_seconds() { printf '%4d s  ' $((SECONDS - $1)); }

# Adds a step's lines "N passed, N failed, N skipped" to the totals, and leaves their sum in `counted`; a step without any
# counts as one test.
add_up() {
  local name=$1 code=$2 line p f s
  counted=
  line=$(grep -aoE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' "$logs/$name.log")
  if [ -n "$line" ]; then
    read -r p f s < <(awk '{ p += $1; f += $3; s += $5 } END { print p, f, s }' <<< "$line")
    counted="$p passed, $f failed, $s skipped"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$code" != 0 ] && [ "$f" = 0 ]; then failed=$((failed + 1)); fi
  elif [ "$code" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# step NAME COMMAND…
step() {
  local name=$1 begin=$SECONDS code=0
  shift
  "$@" > "$logs/$name.log" 2>&1 < /dev/null || code=$?
  say_seconds "$begin"
  add_up "$name" "$code"
  if [ "$code" = 0 ]; then
    echo "ok      $name  $counted"
    grep -aE '^(kernel [0-9.]+: )?skip' "$logs/$name.log" | sed 's/.*: //' | sort | uniq -c | sed 's/^/           skipped /'
  else
    echo "FAILED  $name"
    { grep -aE -A 8 '(^|: )not ok |[*]{3}(Failed|Timeout|Exception)|: Failure$|error: |FAILED: ' "$logs/$name.log" || tail -n 40 "$logs/$name.log"; } | head -n 80 | sed 's/^/           /'
    failures+=("$name")
  fi
  return "$code"
}

# What users run, what the live tests watch, and the one room of unit tests that sanitizers say too little of.
build_release() {
  cmake --preset release -DFOOTFALL_TESTS=ON -DFOOTFALL_BENCH=ON &&
    cmake --build --preset release --target footfall live_programs benches symbolizer_test
}

build_sanitized() {
  cmake --preset asan && cmake --build --preset asan
}

# run_ctest PRESET ARGUMENT…: runs ctest and says its result in the words of the other steps.
run_ctest() {
  local out code=0
  out=$(ctest --preset "$1" "${@:2}" -j "$(nproc)" --output-on-failure --timeout 120 2>&1) || code=$?
  grep -vE ' Passed |^ *Start +[0-9]+:' <<< "$out"
  awk '/tests? failed out of/ { for (i = 1; i < NF; i++) if ($i ~ /^tests?$/ && $(i + 1) == "failed") f = $(i - 1); n = $NF }
    /\*\*\*Skipped|\(Skipped\)/ && / - / { s[$0] } END { for (i in s) k++; printf "%d passed, %d failed, %d skipped\n", n - f - k, f, k }' <<< "$out"
  return "$code"
}

install_all() {
  packaging/install-deps.sh build demo test || return
  [[ " $* " != *" vm "* ]] || packaging/install-deps.sh vm
}

# The helper processes are kept in narrower bounds than sanitizers can live in.
run_unit() {
  local code=0
  run_ctest asan || code=1
  run_ctest release -R '^symbolizer[.]' || code=1
  return "$code"
}

run_replay() {
  local code=0
  for preset in release asan; do FOOTFALL=build/$preset/agent/footfall tests/replay/run.sh || code=1; done
  return "$code"
}

with_sanitizers() {
  [ -n "${sanitized:-}" ] || step build-asan build_sanitized || return
  sanitized=yes
}

run_step() {
  case "$1" in
    unit) with_sanitizers && step unit run_unit ;;
    replay) with_sanitizers && step replay run_replay ;;
    live) step live tests/live/run.py ;;
    fuzz) with_sanitizers && step fuzz tests/fuzz/run.sh "${FOOTFALL_FUZZ_SECONDS:-60}" ;;
    vm) step vm tests/vm/run.sh ;;
    *) echo "unknown step '$1': unit replay live fuzz vm" >&2; exit 2 ;;
  esac
}

[ $# -gt 0 ] || set -- unit replay live fuzz vm
if step install install_all "$@" && step build build_release; then
  for name in "$@"; do run_step "$name"; done
fi

[ ${#failures[@]} = 0 ] || echo "failed: ${failures[*]} (logs in $logs)"
echo "$passed passed, $failed failed, $skipped skipped"
[ ${#failures[@]} = 0 ]
