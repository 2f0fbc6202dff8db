#!/usr/bin/env bash
# Installs what footfall needs, from Debian packages only. Idempotent: a second run finds everything there and does nothing.
#   install-deps.sh build            compiler, BPF toolchain and libraries
#   install-deps.sh build demo       + nginx, wrk and what the demo serves with
#   install-deps.sh build demo test  + what the tests, checks and benches use
#   install-deps.sh vm               qemu and what boots other kernels in it
# Exit codes: 0 all is there · 1 apt failed · 2 usage · 77 something is missing and only root could install it.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config clang-14 llvm-14 llvm-14-dev bpftool libbpf-dev linux-bpf-dev libbpfcc-dev libelf-dev libdw-dev libdebuginfod-dev libiberty-dev zlib1g-dev
  protobuf-compiler libprotobuf-dev libprotoc-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libmicrohttpd-dev
  node-llhttp libre2-dev robin-map-dev libxxhash-dev libexpected-dev libzstd-dev libcap-ng-dev libseccomp-dev liblzma-dev libzydis-dev
  golang-github-prometheus-client-model-dev golang-github-google-pprof-dev)
demo=(nginx-light wrk python3)
test=(libgtest-dev libgmock-dev libbenchmark-dev clang-format-14 clang-tidy-14 libclang-rt-14-dev bpftrace curl dwz debuginfod golang-go
  gunicorn iproute2 jq libbpf-tools libbson-dev libdevel-nytprof-perl libgrpc++-dev libnghttp2-dev libpg-query-dev node-jsdom procps prometheus
  protobuf-compiler-grpc python3 shellcheck wget xz-utils
  gnutls-bin libcurl3-nss libmemcached-tools mariadb-client mariadb-server memcached nghttp2-client nghttp2-proxy nghttp2-server
  nodejs openjdk-17-jdk-headless php-fpm postgresql postgresql-contrib python3-cassandra python3-django python3-flask python3-lz4 python3-mysqldb python3-prometheus-client
  python3-psycopg2 python3-pymemcache python3-pymongo python3-pymysql python3-redis python3-websockets redis-server redis-tools
  sysbench systemtap-sdt-dev)
vm=(qemu-system-x86 busybox-static cpio)

# Debian 12 ships libbpf 1.1; footfall needs 1.3 or newer. These two come from bookworm-backports when the release has only
# the old one. The kernels that the VM tests boot are in bookworm-backports too.
backported=(libbpf-dev linux-bpf-dev)
oldest_libbpf=1:1.3

say() { printf 'footfall: %s\n' "$*" >&2; }

version_of() { dpkg-query -W -f='${Version}' "$1" 2> /dev/null || true; }

# Prints those of the named packages that are not installed, in one question to dpkg.
not_installed() {
  local have
  have=" $({ dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2> /dev/null || true; } | sed -n 's/^installed //p' | tr '\n' ' ')"
  for package in "$@"; do
    [[ "$have" == *" $package "* ]] || printf '%s\n' "$package"
  done
}

# Prints "URI KEYRING" of the first source of the suite bookworm, in deb822 form.
source_in_deb822() {
  cat /etc/apt/sources.list.d/*.sources 2> /dev/null | awk '
    function end_of_source() {
      if (uri != "" && suites ~ / bookworm / && !off && !found) { print uri, key; found = 1 }
      uri = suites = key = ""; off = 0
    }
    /^[[:space:]]*$/ { end_of_source() }
    /^Types:/        { if (uri != "") end_of_source() }
    /^Enabled: *no/  { off = 1 }
    /^URIs:/         { uri = $2 }
    /^Suites:/       { $1 = ""; suites = $0 " " }
    /^Signed-By:/    { key = $2 }
    END              { end_of_source() }'
}

# The same from the one-line form: deb [signed-by=KEYRING …] URI bookworm main
source_in_one_line() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null | awk '
    $1 == "deb" {
      line = $0; key = ""
      if (match(line, /\[[^]]*\]/)) {
        options = substr(line, RSTART + 1, RLENGTH - 2)
        sub(/\[[^]]*\]/, "", line)
        if (match(options, /signed-by=[^ ]*/)) key = substr(options, RSTART + 10, RLENGTH - 10)
      }
      split(line, field, " ")
      if (field[3] == "bookworm") { print field[2], key; exit }
    }'
}

# Adds bookworm-backports from the machine's own Debian mirror, whichever that is.
enable_backports() {
  local uri='' keyring='' file=/etc/apt/sources.list.d/footfall-backports.sources
  if apt-cache policy 2> /dev/null | grep -q 'n=bookworm-backports'; then return 0; fi
  read -r uri keyring < <(source_in_deb822; source_in_one_line) || true
  if [ -z "$uri" ]; then
    say "no apt source carries Debian bookworm, so bookworm-backports can't be derived from it: install ${backported[*]} (libbpf 1.3 or newer) by hand"
    return 1
  fi
  say "enabling bookworm-backports from $uri ($file)"
  printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\n' "$uri" > "$file"
  [ -z "$keyring" ] || printf 'Signed-By: %s\n' "$keyring" >> "$file"
  refresh
}

# A third party's source that does not answer must not stop us: only Debian's packages are wanted.
refresh() { apt-get update -qq -o Acquire::Retries=2 || say "some apt sources did not answer; going on with those that did"; }

release_is_bookworm() { grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; }

# Packages with a service (nginx, prometheus) must not start it on this host. A policy that is there already stays.
forbid_services() {
  [ ! -e /usr/sbin/policy-rc.d ] || return 0
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
}

# Prints the packages as apt-get install wants them: what is too old in the release, from its backports.
with_suites() {
  local candidate package
  candidate=$(apt-cache policy libbpf-dev | awk '/Candidate:/ { print $2 }')
  for package in "$@"; do
    if [[ " ${backported[*]} " == *" $package "* ]] && dpkg --compare-versions "$candidate" lt "$oldest_libbpf"; then
      package+=/bookworm-backports
    fi
    printf '%s\n' "$package"
  done
}

install_packages() {
  local wanted
  export DEBIAN_FRONTEND=noninteractive
  refresh
  if release_is_bookworm; then enable_backports; fi
  mapfile -t wanted < <(with_suites "$@")
  forbid_services
  if ! apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${wanted[@]}" > /dev/null; then
    say "apt could not install them. Does this host reach its Debian mirror (apt-get update)?"
    exit 1
  fi
}

main() {
  local set wanted=() missing=()
  [ $# -gt 0 ] || set -- build
  for set in "$@"; do
    case "$set" in
      build) wanted+=("${build[@]}") ;;
      demo) wanted+=("${demo[@]}") ;;
      test) wanted+=("${test[@]}") ;;
      vm) wanted+=("${vm[@]}") ;;
      *) say "unknown set '$set': one of build, demo, test, vm"; exit 2 ;;
    esac
  done
  mapfile -t missing < <(not_installed "${wanted[@]}")
  if [[ " $* " == *" build "* ]] && [ -n "$(version_of libbpf-dev)" ] &&
    dpkg --compare-versions "$(version_of libbpf-dev)" lt "$oldest_libbpf"; then missing+=(libbpf-dev); fi
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" != 0 ]; then
    say "these Debian packages are missing, and installing them needs root: ${missing[*]}"
    exit 77
  fi
  say "installing Debian packages: ${missing[*]}"
  install_packages "${missing[@]}"
}

main "$@"
