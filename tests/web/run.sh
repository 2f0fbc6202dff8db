#!/usr/bin/env bash
# Tests the scripts of our pages with node, without a browser: run.sh [FILE_test.js…]. Exit code 77: node is not here.
set -euo pipefail
cd "$(dirname "$0")"

node=$(command -v node || command -v nodejs) || { echo "skip: no node (package nodejs) to run the scripts of our pages with"; exit 77; }
[ $# -gt 0 ] || set -- ./*_test.js
exec "$node" --test "$@"
