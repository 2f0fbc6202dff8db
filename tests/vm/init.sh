#!/bin/busybox sh
# shellcheck shell=dash
# The init of the test machine: mounts what a host has, runs the live tests of what the kernel does, and powers off.
/bin/busybox --install -s /bin 2> /dev/null
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 EMULATED=yes
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmp /tmp
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs trace /sys/kernel/tracing
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
ip link set lo up
while read -r module; do [ ! -e "/modules/$module.ko" ] || insmod "/modules/$module.ko"; done < /modules/order
if grep -q footfall.shell /proc/cmdline; then
  setsid sh -c 'exec sh < /dev/ttyS0 > /dev/ttyS0 2>&1'
else
  echo "begin $(uname -r)"
  cd /footfall || exit
  cases=$(sed -n 's/.*footfall\.cases=\([a-z_,]*\).*/\1/p' /proc/cmdline)
  for name in $(echo "${cases:-servers_kernels,sockets,targets,stacks_kernels,tls_kernels,functions_kernels,executions_kernels,files_kernels,costs_kernels}" | tr , ' '); do set -- "$@" "tests/live/cases/$name.case"; done
  /usr/bin/python3 tests/live/run.py --need-bpf --jobs 2 --patience 180 "$@" 2>&1
  echo "end $?"
fi
sync
reboot -f
