#!/usr/bin/env bash
# Installs what footfall needs, from Debian packages only. Idempotent: a second run finds everything there and installs nothing.
#   install-deps.sh build            compiler, BPF toolchain and libraries
#   install-deps.sh build demo       + nginx, wrk and what the demo serves with
#   install-deps.sh build demo test  + what the tests, checks and benches use
#   install-deps.sh vm               qemu and what boots other kernels in it
set -euo pipefail

build=(g++ cmake ninja-build pkg-config clang-14 llvm-14 bpftool libbpf-dev linux-bpf-dev libbpfcc-dev libelf-dev zlib1g-dev
  protobuf-compiler libprotobuf-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libmicrohttpd-dev
  node-llhttp libre2-dev robin-map-dev libxxhash-dev libexpected-dev libzstd-dev libcap-ng-dev
  golang-github-prometheus-client-model-dev)
demo=(nginx-light wrk python3)
test=(libgtest-dev libgmock-dev libbenchmark-dev clang-format-14 clang-tidy-14 libclang-rt-14-dev curl python3 bpftrace prometheus
  python3-prometheus-client procps iproute2 shellcheck jq)
vm=(qemu-system-x86 busybox-static cpio zstd xz-utils)

# Debian 12 ships libbpf 1.1; footfall needs 1.3 or newer. These two come from bookworm-backports when the release has only the old one.
backported=(libbpf-dev linux-bpf-dev)

say() { printf '%s\n' "footfall: $*" >&2; }

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

libbpf_is_old() { ! dpkg --compare-versions "$(dpkg-query -W -f='${Version}' libbpf-dev 2>/dev/null || echo 0)" ge 1:1.3; }

# The machine's own Debian mirror, whichever it is: the URI of the first source that carries the suite "bookworm".
enable_backports() {
  local uri signed
  [ -n "$(apt-cache policy 2>/dev/null | grep -m1 'n=bookworm-backports')" ] && return 0
  read -r uri signed < <(debian_source)
  [ -n "$uri" ] || { say "no apt source carries Debian bookworm, so bookworm-backports cannot be derived; install libbpf-dev >= 1.3 and linux-bpf-dev by hand"; return 1; }
  say "enabling bookworm-backports from $uri (in /etc/apt/sources.list.d/footfall-backports.sources)"
  { echo "Types: deb"; echo "URIs: $uri"; echo "Suites: bookworm-backports"; echo "Components: main"
    [ -z "$signed" ] || echo "Signed-By: $signed"; } > /etc/apt/sources.list.d/footfall-backports.sources
  refresh
}

# Prints "URI KEYRING" of the first source of bookworm, in deb822 or one-line form.
debian_source() {
  cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '
    function done_() { if (uri != "" && suites ~ /(^| )bookworm( |$)/ && !found) { print uri, key; found = 1 } uri = suites = key = "" }
    /^[[:space:]]*$/ { done_(); next } /^URIs:/ { uri = $2 } /^Suites:/ { $1 = ""; suites = $0 " " } /^Signed-By:/ { key = $2 } /^Types:/ { if (uri != "") done_() } END { done_() }' | head -1 | grep . && return
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk '
    $1 == "deb" { key = ""; i = 2; if ($2 ~ /^\[/) { while ($i !~ /\]$/) i++; for (k = 2; k <= i; k++) if ($k ~ /signed-by=/) { key = $k; sub(/.*signed-by=/, "", key); sub(/\]$/, "", key) } i++ }
      if ($(i + 1) == "bookworm") { print $i, key; exit } }'
}

# A third party's source that does not answer must not stop us: only Debian's packages are wanted.
refresh() { apt-get update -qq || say "some apt sources did not answer; going on with the ones that did"; }

main() {
  local wanted=() missing=() from_backports=() p set
  [ $# -gt 0 ] || set -- build
  for set in "$@"; do
    case "$set" in
      build) wanted+=("${build[@]}") ;; demo) wanted+=("${demo[@]}") ;; test) wanted+=("${test[@]}") ;; vm) wanted+=("${vm[@]}") ;;
      *) say "unknown set '$set': one of build, demo, test, vm"; exit 2 ;;
    esac
  done
  for p in "${wanted[@]}"; do
    if ! installed "$p"; then missing+=("$p"); fi
  done
  if [[ " ${wanted[*]} " == *" libbpf-dev "* ]] && installed libbpf-dev && libbpf_is_old; then missing+=(libbpf-dev); fi
  [ ${#missing[@]} -gt 0 ] || return 0

  [ "$(id -u)" = 0 ] || { say "needs root to install: ${missing[*]}"; exit 77; }
  say "installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  refresh
  local first=()
  for p in "${missing[@]}"; do
    if [[ " ${backported[*]} " == *" $p "* ]]; then from_backports+=("$p"); else first+=("$p"); fi
  done
  if [ ${#from_backports[@]} -gt 0 ] && dpkg --compare-versions "$(apt-cache policy libbpf-dev | awk '/Candidate:/ {print $2}')" lt 1:1.3; then
    enable_backports
    from_backports=("${from_backports[@]/%//bookworm-backports}")
  fi
  apt-get install -y -qq --no-install-recommends "${first[@]}" "${from_backports[@]}" >/dev/null
}

main "$@"
