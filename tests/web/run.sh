#!/usr/bin/env bash
# Tests the scripts of our pages with node, without a browser: run.sh [FILE_test.js…]. Exit code 77: node is not here, or for
# all of these tests jsdom is not, in which they open a page. The variable WRITE_FLAME_PAGES names another write_flame_pages.
set -euo pipefail
cd "$(dirname "$0")"

node=$(command -v node || command -v nodejs) || { echo "skip: no node (package nodejs) to run the scripts of our pages with"; exit 77; }
export NODE_PATH=/usr/share/nodejs${NODE_PATH:+:$NODE_PATH}
export WRITE_FLAME_PAGES=${WRITE_FLAME_PAGES:-../../build/release/tests/web/write_flame_pages}

[ $# -gt 0 ] || set -- ./*_test.js
tests=()
for test in "$@"; do
    if grep -q "require('jsdom')" "$test" && ! "$node" -e "require('jsdom')" 2> /dev/null; then
        echo "skip: no jsdom (package node-jsdom) to open pages in: $test"
    else
        tests+=("$test")
    fi
done
[ ${#tests[@]} -gt 0 ] || exit 77
exec "$node" --test "${tests[@]}"
