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
  # What root has built, another user takes as it is.
  if [ -x "$footfall" ] && [ ! -w build/release/agent ]; then return 0; fi
  mkdir -p build
  # Tests and benches are not built here, and an existing build keeps its settings: tests/run.sh shares this directory.
  if [ ! -f build/release/build.ninja ]; then
    cmake --preset release -DFOOTFALL_TESTS=OFF -DFOOTFALL_BENCH=OFF > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
  fi
  say "bringing the build up to date (minutes the first time; the log is $log)"
  cmake --build --preset release --target footfall >> "$log" 2>&1 || { tail -n 60 "$log" >&2; exit 1; }
}

# What the demo would have shown, from a capture of it.
replay_demo() {
  say "so footfall can't watch this host. Below is a recorded capture of the demo, replayed: not this host, not now"
  echo "RECORDED DEMO"
  "$footfall" replay packaging/demo/demo.ffraw
  printf '\nThis was a recorded capture (packaging/demo/demo.ffraw), not this host.\n'
}

main() {
  local doctor code=0
  packaging/install-deps.sh build demo
  build
  doctor=$("$footfall" doctor 2>&1) || code=$?
  case $code in
    0) packaging/demo/demo.sh "$footfall" ;;
    69 | 77)
      printf '%s\n' "$doctor" >&2
      replay_demo
      ;;
    *)
      printf '%s\n' "$doctor" >&2
      exit "$code"
      ;;
  esac
}

main
