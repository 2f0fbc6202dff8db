#!/usr/bin/env bash
# check_speedscope.sh SESSION.ffs: speedscope reads our folded lines and our pprof as footfall says they are.
# speedscope is an npm package and no Debian package, so where it can't be had the check skips: exit code 77, with the reason.
set -euo pipefail

version=1.25.0
sha256=2831f1e0d26df914b477e522d78b8485511495a6af81a0b88158f8b48f9e0d03

skip() { echo "skip: $*" >&2; exit 77; }

node=$(command -v node || command -v nodejs) || skip "no node (package nodejs) to run speedscope with"
export NODE_PATH=/usr/share/nodejs${NODE_PATH:+:$NODE_PATH}
"$node" -e "require('jsdom')" 2> /dev/null || skip "no jsdom (package node-jsdom) for speedscope to run in"
command -v npm > /dev/null || skip "no npm to get speedscope $version with"
npm pack --loglevel=error --prefer-offline --fetch-retries=0 --fetch-timeout=15000 "speedscope@$version" > packed 2> npm.log ||
    skip "npm could not get speedscope $version: $(grep -m 1 code npm.log || tail -n 1 npm.log)"
sha256sum --check --quiet <<< "$sha256  $(tail -n 1 packed)"
tar -xzf "$(tail -n 1 packed)"

"$FOOTFALL" report "$1" --json > session.json
for state in running waiting; do
    off_cpu=(); [ $state = running ] || off_cpu=(--off-cpu)
    for format in folded pprof; do
        "$FOOTFALL" report "$1" --format $format "${off_cpu[@]}" > $state.$format
        "$node" "$(command -v speedscope.js)" package/dist/release $state.$format saved.json
        echo "$state, $format:"
        check_readers.py session.json $state speedscope-$format saved.json
        rm saved.json
    done
done
