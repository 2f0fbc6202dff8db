#!/usr/bin/env bash
# Runs clang-tidy on our C++ sources. tidy.sh [PATTERN]: only on files whose path matches.
# Without a pattern it reads them as build/release compiles them, several as one, which spares reading their headers again.
set -euo pipefail
cd "$(dirname "$0")/../.."

database=build/release/compile_commands.json
[ -f "$database" ] || { echo "tidy: $database is not there: cmake --preset release" >&2; exit 1; }
# Tests follow their framework's macros, C sources the kernel's rules, generated ones nobody's: tidied are the rooms of the program.
sources() {
  if [ $# -gt 0 ]; then git ls-files --cached --others --exclude-standard 'agent/*.cc' 'output/*.cc' 'symbolizer/*.cc' | grep -E "$1"
  else jq -r '.[].file' "$database" | grep -E "(^$PWD|/Unity/)" | grep -E '/(agent|output|symbolizer)/' | grep -vE '/generated/|_proto[.]dir/|/tests/' | sort -u; fi
}
sources "$@" | xargs -r -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p build/release --checks=-bugprone-suspicious-include \
  --extra-arg=-Wno-unknown-warning-option 2> /dev/null |
  sed 's/\x1b\[[0-9;]*m//g' | awk 'NF { print; bad += / (error|warning): / } END { exit bad > 0 }'
