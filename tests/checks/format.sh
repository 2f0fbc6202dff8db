#!/usr/bin/env bash
# Checks the layout of every C and C++ file against the .clang-format above it. `format.sh --fix` lays them out.
set -euo pipefail
cd "$(dirname "$0")/../.."

how=(--dry-run --Werror)
[ "${1:-}" != --fix ] || how=(-i)
find agent bpf output symbolizer tests -type f \( -name '*.h' -o -name '*.c' -o -name '*.cc' \) -print0 | xargs -0 -r clang-format-14 "${how[@]}"
