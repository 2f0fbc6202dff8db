#!/usr/bin/env bash
# Checks who includes whom (DESIGN §3: base ← symbolizer, output ← agent; libbpf only in agent/kernel and agent/probes).
#   layering.sh [DIRECTORY]     another tree than this repository; the self-test uses it
#   layering.sh --self-test     proves that each rule can fail
set -euo pipefail

core='agent/(config|processes|pipeline|connections|protocols|usage|interpreters|stacks|inventory|session|ledger)/'

rules() {
  #      in these files                    these includes                                 break this rule
  forbid '^(agent|output|symbolizer)/'     '(bpf/(libbpf|bpf|btf)\.h|.*\.skel\.h)'        'only agent/kernel and agent/probes use libbpf' '^agent/(kernel|probes)/'
  forbid '^agent/base/'                    '(agent/[^b]|output/|symbolizer/|bpf/)'        'agent/base is a leaf'
  forbid '^symbolizer/'                    '(agent/[^b]|output/|bpf/)'                'the symbolizer uses only agent/base' '^symbolizer/(unwind|interpreters)/'
  forbid '^symbolizer/(unwind|interpreters)/' '(agent/[^b]|output/|bpf/(lib|probes|detect)/)' 'unwind tables and layouts of interpreters are what bpf/contract and bpf/unwind say'
  forbid '^output/'                        '(agent/[^b]|symbolizer/|bpf/)'                'output uses only agent/base'
  forbid "^$core"                          'agent/(kernel|probes|cli)/'                   'the core of the agent knows nothing of its kernel half; live_session joins the two' '^agent/session/live_session[._]'
  forbid '^agent/(kernel|probes)/'         'agent/cli/'                                   'only the command line uses agent/cli'
  forbid '^agent/'                         'bpf/contract/'                                'only these see raw records, or the list of protocols' '^agent/(kernel|probes|pipeline|session|processes|interpreters)/|^agent/protocols/protocol_(table|facts)'
  forbid '^agent/'                         'bpf/(lib|probes|detect)/'                     'of bpf/, the agent sees only the contract'
  forbid '^bpf/'                           '(agent|output|symbolizer|tests)/'             'bpf/ knows nothing of user space'
  forbid '^bpf/unwind/'                    '(bpf/(lib|probes|detect|bpf_)|vmlinux\.h)'    'bpf/unwind also compiles natively'
  forbid '^bpf/contract/'                  '(bpf/(lib|probes|detect|bpf_)|vmlinux\.h)'    'bpf/contract uses only itself'
}

# forbid PLACES INCLUDES RULE [EXCEPT]: patterns of paths and of what they include. Reads $included, sets $failed.
forbid() {
  local found
  found=$(awk -F: -v places="$1" -v includes="^${2//\\/\\\\}" -v except="${4:-^$}" \
    '$1 ~ places && $1 !~ except && $3 ~ includes { print "  " $1 ":" $2 " includes " $3 }' <<< "$included")
  [ -n "$found" ] || return 0
  printf 'layering: %s\n%s\n' "$3" "$found"
  failed=1
}

# Prints FILE:LINE:INCLUDED for every #include of the rooms.
list_includes() {
  { grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' --include='*.h' --include='*.cc' --include='*.c' --include='*.def' \
    agent bpf output symbolizer 2> /dev/null || true; } | sed -E 's/^([^:]*:[0-9]*):[^<"]*[<"]([^>"]*)[>"].*/\1:\2/'
}

check() {
  included=$(cd "$1" && list_includes)
  failed=0
  rules
  return "$failed"
}

# must_fail FILE INCLUDED
must_fail() {
  local tree
  tree=$(mktemp -d)
  mkdir -p "$tree/$(dirname "$1")"
  echo "#include <$2>" > "$tree/$1"
  if check "$tree" > /dev/null; then echo "layering: $1 may include $2: the check does not work"; exit 1; fi
  rm -r "$tree"
}

self_test() {
  local tree
  must_fail agent/usage/x.cc bpf/libbpf.h
  must_fail output/x.cc socket.skel.h
  must_fail agent/base/x.h agent/pipeline/stages.h
  must_fail symbolizer/x.cc agent/usage/namer.h
  must_fail output/x.cc agent/pipeline/stages.h
  must_fail agent/session/x.cc agent/kernel/ring_reader.h
  must_fail agent/probes/x.cc agent/cli/progress.h
  must_fail agent/usage/x.h bpf/contract/event.h
  must_fail agent/probes/x.cc bpf/lib/filter.h
  must_fail bpf/lib/x.h agent/base/clock.h
  must_fail bpf/contract/x.h vmlinux.h
  tree=$(mktemp -d)
  mkdir -p "$tree/agent/kernel" "$tree/output"
  printf '#include <bpf/libbpf.h>\n#include "sockets.skel.h"\n#include "bpf/contract/event.h"\n' > "$tree/agent/kernel/x.cc"
  printf '#include "agent/base/result.h"\n#include "output/session/session.h"\n' > "$tree/output/x.cc"
  check "$tree" || { echo "layering: forbids what is allowed"; exit 1; }
  rm -r "$tree"
}

if [ "${1:-}" = --self-test ]; then self_test; else check "${1:-$(dirname "$0")/../..}"; fi
