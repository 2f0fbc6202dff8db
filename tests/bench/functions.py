#!/usr/bin/env python3
"""What counting and timing a call costs: one function that begins with endbr64, called a million times, bare and counted in turn.

functions.py [--rounds 9] [--calls 300000] [--footfall PATH]

Each round runs `called_once_more`, whose first instruction the kernel has to single-step, bare, counted by footfall, counted and
timed by it, and by bpftrace, which probes at the first byte as every other tool does. Prints the nanoseconds added to a call
(median, min–max) and how long attaching to all functions of a large program takes. Standard library only; run as root.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import live

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static volatile int sink;
__attribute__((noinline)) int called_once_more(int x) { if (x > 0) return x * 3; return sink; }
int main(int argc, char **argv) {
    long calls = atol(argv[1]);
    getchar();
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < calls; i++) sink = called_once_more(i & 7);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.1f\n", ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / calls);
    return argc > 5;
}
"""


def build(directory):
    program = directory / "calls"
    command = ["gcc", "-x", "c", "-O1", "-fcf-protection=full", "-o", str(program), "-"]
    subprocess.run(command, input=PROGRAM, text=True, check=True)
    return program


def start_watcher(variant, options, processes, program, pid):
    function = "called_once_more"
    if variant in ("count", "latency"):
        flags = ["--latency"] if variant == "latency" else []
        return live.Watcher(processes, [options.footfall, "functions", "-p", str(pid), *flags, function], rb"counting")
    probes = {"bpftrace count": f"uprobe:{program}:{function} {{ @ = count(); }}",
              "bpftrace latency": f"uprobe:{program}:{function} {{ @s[tid] = nsecs; }} uretprobe:{program}:{function} /@s[tid]/ "
                                  "{ @ = hist(nsecs - @s[tid]); delete(@s[tid]); }"}
    watcher = live.Watcher(processes, ["bpftrace", "-e", probes[variant]], rb"Attaching")
    time.sleep(1)  # It says that it attaches, not that it has.
    return watcher


def nanoseconds(variant, options, processes, program):
    calls = options.calls if variant != "bare" else options.calls * 20
    child = processes.start([str(program), str(calls)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watcher = None if variant == "bare" else start_watcher(variant, options, processes, program, child.pid)
    out, _ = child.communicate(b"\n")
    if watcher:
        watcher.stop()
    return float(out)


def attach_milliseconds(options, large):
    """From the kernel's answer to the one call that attaches."""
    with tempfile.NamedTemporaryFile() as trace:
        command = ["strace", "-T", "-e", "trace=bpf", "-o", trace.name, options.footfall, "functions", "--rows", "1", "--", large, "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        times = re.findall(r"attach_type=(?:0x30|BPF_TRACE_UPROBE_MULTI).*<([\d.]+)>", pathlib.Path(trace.name).read_text("utf-8"))
    return re.search(r"([\d,]+) of [\d,]+ functions", said)[1], float(times[-1]) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=300000)
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(live.ROOT / "build/release/agent/footfall")))
    options = parser.parse_args()
    variants = ["bare", "count", "bpftrace count", "latency", "bpftrace latency"]
    results = {variant: [] for variant in variants}
    processes = live.live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        try:
            program = build(pathlib.Path(name))
            for number in range(options.rounds):
                for variant in variants if number % 2 == 0 else reversed(variants):
                    results[variant].append(nanoseconds(variant, options, processes, program))
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            print(f"{'':<18} {'added ns a call: median (min–max)':<40}")
            for variant in variants[1:]:
                added = [one - bare for one, bare in zip(results[variant], results["bare"])]
                print(f"{variant:<18} {statistics.median(added):.0f} ({min(added):.0f}–{max(added):.0f})")
            for what in ("count", "latency"):
                ratios = [other / own for own, other in zip(results[what], results[f"bpftrace {what}"])]
                print(f"bpftrace ÷ footfall, {what}: {statistics.median(ratios):.1f}")
            for large in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))[:1]:
                copy = pathlib.Path(name) / "postgres"  # that no other process maps
                copy.write_bytes(large.read_bytes())
                copy.chmod(0o755)
                count, milliseconds = attach_milliseconds(options, str(copy))
                print(f"attaching to all {count} functions of postgres: {milliseconds:.0f} ms")
        finally:
            processes.end_all()


if __name__ == "__main__":
    main()
