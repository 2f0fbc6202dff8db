#!/usr/bin/env bash
# initramfs.sh FILE: packs footfall, the live tests with their servers and what they run on into an initramfs whose init runs them.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# A program or library, at its own path, with the libraries that it needs.
add() {
  local file
  for file in "$@"; do
    cp --parents -L -n "$file" "$tree"
    ldd "$file" 2> /dev/null | grep -o '/[^ ]*' | while read -r library; do cp --parents -L -n "$library" "$tree"; done || true
  done
}

add_optional() {
  local name path
  for name in "$@"; do
    path=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$name") || continue
    add "$path"
  done
}

# Debian's own Python with its library, without what no test imports.
add_python() {
  local library
  library=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
  add /usr/bin/python3
  (cd / && tar -c --exclude='test' --exclude='tests' --exclude='idlelib' --exclude='lib2to3' --exclude='tkinter' \
    --exclude='ensurepip' --exclude='distutils' --exclude='config-*' --exclude='dist-packages' --exclude='turtledemo' \
    --exclude='pydoc_data' --exclude='*.opt-?.pyc' --exclude='__pycache__/turtle*' ".$library") | tar -x -C "$tree"
  find "$library/lib-dynload" -name '*.so' | while read -r module; do add "$module"; done
}

mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,mnt,etc,run,root,var/log/nginx,var/lib/nginx,footfall/tests,footfall/packaging}
cp /bin/busybox "$tree/bin/busybox"
add /bin/bash
add_python
add_optional setpriv bpftool nginx env openssl
cp --parents -L /etc/ssl/openssl.cnf /usr/lib/ssl/openssl.cnf "$tree" 2> /dev/null || true
cp -r "$root/tests/live" "$tree/footfall/tests/"
cp -r "$root/packaging/demo" "$tree/footfall/packaging/"
mkdir -p "$tree"/footfall/build/release/{agent,tests/live} "$tree/footfall/build/servers"
for server in tls_rust caddy; do # tests/live/get_servers.sh
  [ ! -x "$root/build/servers/$server" ] || cp "$root/build/servers/$server" "$tree/footfall/build/servers/"
done
for program in "$FOOTFALL" "$SERVERS"/{sockio,corners,corners_static,corners_static_pie,callee,looker,napper,leaver,marks,spender}; do
  [ -x "$program" ] || [ "${program##*/}" != marks ] || continue # without systemtap-sdt-dev there is none
  [ -x "$program" ] || { echo "tests/vm: $program is not built" >&2; exit 1; }
  { ldd "$program" 2> /dev/null | grep -o '/[^ ]*' | while read -r library; do cp --parents -L -n "$library" "$tree"; done; } || true
  [ "$program" = "$FOOTFALL" ] || cp "$program" "$tree/footfall/build/release/tests/live/"
done
cp "$FOOTFALL" "$tree/footfall/build/release/agent/footfall"
strip --strip-debug "$tree/footfall/build/release/agent/footfall"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' > "$tree/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$tree/etc/group"
printf 'hosts: files\npasswd: files\ngroup: files\n' > "$tree/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n' > "$tree/etc/hosts"
cp "$root/tests/vm/init.sh" "$tree/init"
chmod 755 "$tree/init" "$tree"

(cd "$tree" && find . | cpio -o -H newc -R 0:0 --quiet) > "$1"
