#!/usr/bin/env bash
# From a fresh Debian host to a usage table: installs what the build needs, builds footfall, and watches a demo with it.
# Again and again: what is there already is not installed or built a second time.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
footfall=$root/build/release/agent/footfall
cd "$root"

say() { printf 'footfall: %s\n' "$*" >&2; }

build() {
  local log=build/quickstart.log
  mkdir -p build
  # Tests and benches are not built here, and an existing build keeps its settings: tests/run.sh shares this directory.
  if [ ! -f build/release/build.ninja ]; then
    cmake --preset release -DFOOTFALL_TESTS=OFF -DFOOTFALL_BENCH=OFF > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
  fi
  [ -x "$footfall" ] || say "building (a few minutes, once; the log is $log)"
  cmake --build --preset release --target footfall >> "$log" 2>&1 || { tail -n 60 "$log" >&2; exit 1; }
}

main() {
  local doctor
  packaging/install-deps.sh build demo
  build
  if doctor=$("$footfall" doctor 2>&1); then
    packaging/demo/demo.sh "$footfall"
  else
    printf '%s\n' "$doctor" >&2
    say "this host does not allow what footfall needs (above). What follows is a recorded capture, not this host:"
    "$footfall" replay packaging/demo/demo.ffraw
  fi
}

main
