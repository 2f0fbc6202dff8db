#!/usr/bin/env bash
# Boots Debian's kernels in qemu, without KVM, and runs the live tests there. The host's own kernel is tests/live/run.py's.
#   tests/vm/run.sh [KERNEL…]        default: 6.1 6.12
#   tests/vm/run.sh --shell KERNEL   a shell in it instead, on this terminal
# Where $FOOTFALL_VM_CASES is a name of tests/live/cases (tls_kernels), those cases alone.
# Kernel packages are fetched by apt into $FOOTFALL_VM_CACHE (default ~/.cache/footfall-vm) and unpacked there, never
# installed. Prints one line for each kernel and case; the console is kept in the cache as KERNEL.log.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${FOOTFALL_VM_CACHE:-$HOME/.cache/footfall-vm}
export FOOTFALL=${FOOTFALL:-$root/build/release/agent/footfall} SERVERS=${SERVERS:-$root/build/release/tests/live}
seconds=${FOOTFALL_VM_SECONDS:-1500} # for one kernel; then it is ended

say() { printf '%s\n' "$*" >&2; }

# The package with the newest kernel of a series that this machine's apt knows, or nothing.
newest_package() {
  local version
  version=$(apt-cache madison linux-image-cloud-amd64 | awk -F' *[|] *' -v series="$1." 'index($2, series) == 1 { print $2 }' |
    sort -V | tail -1)
  [ -z "$version" ] || apt-cache show "linux-image-cloud-amd64=$version" | sed -n 's/^Depends: \(linux-image-[^ ]*\).*/\1/p'
}

# Prints the path of the kernel image of a series, fetching it if it is not in the cache. Beside it lies an archive with the
# modules that tests need: TLS in the kernel.
kernel_image() {
  local package
  package=$(newest_package "$1")
  [ -n "$package" ] || { say "apt knows no kernel $1 (package linux-image-cloud-amd64)"; return 1; }
  if [ ! -s "$cache/$package" ] || [ ! -s "$cache/$package.modules" ]; then
    say "fetching $package"
    (cd "$cache" && apt-get download -q -o APT::Sandbox::User=root "$package" >&2 && unpack "$package" && rm -f "$package"_*.deb) || return 1
  fi
  printf '%s\n' "$cache/$package"
}

# What TLS in the kernel takes, in the order in which init.sh loads it; kernels have some of it built in.
modules=(gf128mul crypto_null ghash-generic ctr gcm tls)

unpack() {
  local tree module file
  tree=$(mktemp -d)
  dpkg-deb --fsys-tarfile "$1"_*.deb | tar -x -C "$tree" --wildcards './boot/vmlinuz-*' './lib/modules/*/kernel/crypto' \
    './lib/modules/*/kernel/lib/crypto' './lib/modules/*/kernel/net/tls'
  mkdir "$tree/modules"
  for module in "${modules[@]}"; do
    file=$(find "$tree/lib" -name "$module.ko*")
    case "$file" in
      '') ;;
      *.xz) xz -dc "$file" > "$tree/modules/$module.ko" ;;
      *) cp "$file" "$tree/modules/$module.ko" ;;
    esac
  done
  printf '%s\n' "${modules[@]}" > "$tree/modules/order"
  (cd "$tree" && find modules | cpio -o -H newc -R 0:0 --quiet) > "$1.modules"
  mv "$tree"/boot/vmlinuz-* "$1"
  rm -rf "$tree"
}

# boot IMAGE INITRAMFS ARGUMENT…
# qemu 7.2 damages the flags of cmpxchg16b, and with a thread for each CPU it runs into breakpoints that the kernel had
# taken back; 6.12 dies of both. So there is no cx16, one thread emulates both CPUs, and the kernels run beside each other.
boot() {
  local image=$1 initramfs=$2
  shift 2
  cat "$initramfs" "$image.modules" > "$initramfs.$(basename "$image")"
  timeout --foreground "$seconds" qemu-system-x86_64 -accel tcg,thread=single -cpu max,-cx16 -smp 2 -m 1536 -display none -no-reboot \
    -monitor none -serial stdio -nic none -kernel "$image" -initrd "$initramfs.$(basename "$image")" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on $*"
}

# Prints the lines of a kernel's run when it has ended.
run_kernel() {
  local series=$1 image begin=$SECONDS log="$cache/$1.log"
  if ! image=$(kernel_image "$series"); then
    echo "skip kernel $series: could not be fetched"
    return 0
  fi
  boot "$image" "$work/initramfs" ${FOOTFALL_VM_CASES:+"footfall.cases=$FOOTFALL_VM_CASES"} > "$log" 2>&1 < /dev/null || true
  tr -d '\r' < "$log" | awk -v kernel="$series" '/^(ok|not ok|skip) |^    / && begun { print "kernel " kernel ": " $0 } /^begin / { begun = 1 }'
  echo "kernel $series: $(sed -n 's/^begin //p' "$log" | tr -d '\r'): $(grep -ao '^[0-9]* passed.*' "$log" | tr -d '\r') ($((SECONDS - begin)) s)"
  grep -aq '^end 0' "$log" || { echo "kernel $series: FAILED; its console is in $log"; return 1; }
}

main() {
  local series pid pids=() failed=0
  mkdir -p "$cache"
  command -v qemu-system-x86_64 > /dev/null || { echo "skip: qemu-system-x86_64 is not installed (packaging/install-deps.sh vm)"; exit 0; }
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  "$root/tests/vm/initramfs.sh" "$work/initramfs"
  if [ "${1:-}" = --shell ]; then
    seconds=86400 boot "$(kernel_image "$2")" "$work/initramfs" footfall.shell
    return
  fi
  [ $# -gt 0 ] || set -- 6.1 6.12
  for series in "$@"; do
    run_kernel "$series" > "$work/$series" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  for series in "$@"; do cat "$work/$series"; done
  return "$failed"
}

main "$@"
