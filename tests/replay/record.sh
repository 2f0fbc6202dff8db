#!/usr/bin/env bash
# Makes a golden test of a live test: runs the live case that matches, keeps the raw events of its footfall, and writes
# what a replay of them gives. Read expected.json before committing it: it is the promise from then on.
#   replay/record.sh NAME REGEX      e.g. replay/record.sh node '^node$'
set -euo pipefail

[ $# = 2 ] || { echo "usage: $0 NAME REGEX" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
real=${FOOTFALL:-$here/../../build/release/agent/footfall}
mkdir -p "$here/$1"
wrapper=$(mktemp)
trap 'rm -f "$wrapper"' EXIT
cat > "$wrapper" <<WRAPPER
#!/bin/sh
# Stacks hold copies of memory, environments included.
case "\$*" in record*--stacks*) ;; record*) shift; set -- record --stacks none "\$@" ;; esac
case "\$1" in
  record) shift; exec "$real" record --raw "$here/$1/capture.ffraw" --force "\$@" ;;
  *) exec "$real" "\$@" ;;
esac
WRAPPER
chmod +x "$wrapper"
"$here/../live/run.py" --footfall "$wrapper" --only "$2"
chmod 0644 "$here/$1/capture.ffraw"
FOOTFALL=$real "$here/run.sh" --update "$1"
