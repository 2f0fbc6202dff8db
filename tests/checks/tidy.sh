#!/usr/bin/env bash
# Runs clang-tidy on our C++ sources, as build/release compiles them. tidy.sh [PATTERN]: only files whose path matches.
set -euo pipefail
cd "$(dirname "$0")/../.."

database=build/release/compile_commands.json
[ -f "$database" ] || { echo "tidy: $database is not there: cmake --preset release" >&2; exit 1; }
# Tests follow their framework's macros, C sources the kernel's rules, generated ones nobody's: tidied are the rooms of the program.
jq -r '.[].file' "$database" | grep -v "^$PWD/build/" | grep -E "${1:-/(agent|output|symbolizer)/}" | grep "\.cc$" | sort -u |
  xargs -r run-clang-tidy-14 -quiet -j "$(nproc)" -p build/release -extra-arg=-Wno-unknown-warning-option 2> /dev/null |
  sed 's/\x1b\[[0-9;]*m//g' | awk '/^clang-tidy-14 / { next } NF { print; bad += / (error|warning): / } END { exit bad > 0 }'
