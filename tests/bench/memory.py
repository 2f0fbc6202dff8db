#!/usr/bin/env python3
"""The agent's memory while it takes the stacks of many different services, all of their code mapped and their tables built.

memory.py [--services 20] [--seconds 6] [--footfall PATH]

Starts as many different programs of Debian, each busy on its own, then the agent on just these, on and off the CPU, and asks
it for a profile, which has the names read. Prints the peak of the agent's and of its workers' memory, from /proc/PID/status.
Standard library only; programs that are not installed are left out, and the count of those that ran is printed. Run as root.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests/live"), str(HERE)]
import run as live  # noqa: E402  (the live tests' own way to start and end processes)
import servers  # noqa: E402

# Large ones first: what they map counts most.
BUSY = [
    ["node", "-e", "for (;;) JSON.stringify([1, 2, 3])"],
    ["clang-14", "-x", "c++", "-fsyntax-only", "-"],
    ["qemu-system-x86_64", "-display", "none", "-m", "64", "-accel", "tcg", "-S"],
    ["gdb", "-q", "-batch", "-ex", "python\nwhile True: pass"],
    ["/usr/bin/python3", "-c", "import json, ssl, sqlite3\nwhile True: json.dumps([1, 2, 3])"],
    ["go", "env"],
    ["ruby", "-e", "loop { [3, 1, 2].sort }"],
    ["php", "-r", "while (true) strlen(str_repeat('a', 9));"],
    ["perl", "-e", "while (1) { join ',', 1..9 }"],
    ["redis-server", "--port", "0", "--save", "", "--hz", "500"],
    ["openssl", "speed", "-seconds", "3600", "sha256"],
    ["bash", "-c", "while :; do :; done"],
    ["dash", "-c", "while :; do :; done"],
    ["mawk", "BEGIN { while (1) x++ }"],
    ["sqlite3", ":memory:", "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"],
    ["bc", "-q"],
    ["jq", "-n", "def f: f; f"],
    ["sha256sum", "/dev/zero"],
    ["md5sum", "/dev/zero"],
    ["b2sum", "/dev/zero"],
    ["cksum", "/dev/zero"],
    ["gzip", "-c", "/dev/zero"],
    ["bzip2", "-c", "/dev/zero"],
    ["xz", "-c", "/dev/zero"],
    ["zstd", "-q", "-c", "/dev/zero"],
    ["base64", "/dev/zero"],
    ["od", "/dev/zero"],
    ["wc", "-l", "/dev/zero"],
    ["sort", "--parallel=1", "-S", "8M", "/dev/zero"],
    ["tar", "-cf", "-", "/dev/zero"],
    ["sed", "-n", "s/a/b/p", "/dev/zero"],
    ["grep", "-c", "x", "/dev/zero"],
    ["tr", "a", "b"],
    ["cat", "/dev/zero"],
    ["yes"],
    ["dd", "if=/dev/zero", "of=/dev/null", "bs=512"],
    ["split", "-n", "r/1/2", "/dev/zero"],
    ["python3.11", "-c", "while True: pass"],
]


def start(processes, wanted):
    """The names and pids of those that still run after a moment: a few are done at once, or not installed."""
    started = {}
    for command in BUSY:
        if len(started) >= wanted + 4:
            break
        if not shutil.which(command[0]):
            continue
        quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started[os.path.basename(command[0])] = processes.start(["nice", *command], **quiet)
    time.sleep(1)
    running = {name: process.pid for name, process in started.items() if process.poll() is None}
    return dict(list(running.items())[:wanted])


def peak_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0])


def children(pid):
    return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="utf-8").split()]


def code_mib(pids):
    """The size of the files that the processes run code from, each once."""
    files = {}
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            fields = line.split(maxsplit=5)
            if "x" in fields[1] and len(fields) > 5 and os.path.isfile(fields[5]):
                files[fields[5]] = os.path.getsize(fields[5])
    return len(files), sum(files.values()) / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(ROOT / "build/release/agent/footfall")))
    options = parser.parse_args()
    processes = live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        try:
            services = start(processes, options.services)
            port = servers.free_port()
            targets = [word for pid in services.values() for word in ("--pid", str(pid))]
            agent = processes.start([options.footfall, "agent", "--stacks", "all", "-F", "99", "--stacks.cache", f"{directory}/cache",
                                     "--web.listen", f"127.0.0.1:{port}", *targets])
            servers.Server.await_port(port, agent)
            files, mib = code_mib(services.values())
            url = f"http://127.0.0.1:{port}/debug/pprof/profile?seconds={options.seconds}"
            profile = urllib.request.urlopen(url, timeout=options.seconds + 60).read()
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read()
            print(f"services      {len(services)}: {' '.join(services)}")
            print(f"code          {files} files, {mib:.0f} MiB")
            print(f"profile       {len(profile) / 1024:.0f} KiB")
            print(f"agent         {peak_kib(agent.pid) / 1024:.1f} MiB at its peak (must stay within 64)")
            for worker in children(agent.pid):
                print(f"worker        {peak_kib(worker) / 1024:.1f} MiB at its peak, a process of its own")
        finally:
            processes.end_all()


if __name__ == "__main__":
    main()
