#!/usr/bin/env python3
"""What counting and timing a call costs: functions that begin with endbr64, called a million times, bare and watched in turn.

functions.py [--rounds 9] [--calls 300000] [--footfall PATH]

Each round runs `called_once_more`, whose first instruction the kernel has to single-step, bare, counted by footfall, counted and
timed by it, and by bpftrace, which probes at the first byte as every other tool does. The same of a program in C++, whose
functions footfall times where they are left: one at a jump, one at its `ret`, which has to be single-stepped, too; and by
funclatency, where that is installed and runs. Prints the nanoseconds added to a call (median, min–max) and how long attaching to
all functions of a large program takes. Standard library only; run as root.
"""
import argparse
import os
import pathlib
import re
import shutil
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
#ifdef __cplusplus
#define CALLED extern "C" __attribute__((noinline))
#else
#define CALLED __attribute__((noinline))
#endif
CALLED int called_once_more(int x) { if (x > 0) return x * 3; return sink; }
CALLED int inner(int x) { return x ^ (sink & 1); }
CALLED int leaves_by_jump(int x) { int y = inner(x); if (y > 7) y = inner(y); else return y * 3; return y + sink; }
CALLED int leaves_by_return(int x) { return inner(x) * 3 + sink; }
int main(int argc, char **argv) {
    long calls = atol(argv[1]);
    int (*function)(int) = argv[2][0] == 'c' ? called_once_more : argv[2][10] == 'j' ? leaves_by_jump : leaves_by_return;
    getchar();
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < calls; i++) sink = function(i & 7);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.1f\n", ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / calls);
    return argc > 5;
}
"""
# What is called, in which language, and which tools watch it.
SUBJECTS = [("called_once_more", "c", ["count", "bpftrace count", "latency", "bpftrace latency"]),
            ("leaves_by_jump", "c++", ["latency", "bpftrace latency"]),
            ("leaves_by_return", "c++", ["latency", "bpftrace latency"])]
FUNCLATENCY = shutil.which("funclatency") or shutil.which("funclatency-bpfcc")  # of libbpf-tools, or of BCC


def build(directory, language):
    program = directory / f"calls_{language.replace('+', 'p')}"  # bpftrace takes no plus in a path
    command = ["g++", "-x", language, "-O1", "-fcf-protection=full", "-Wl,--no-as-needed", "-o", str(program), "-"]
    subprocess.run(command, input=PROGRAM, text=True, check=True)
    return program


def why_no_funclatency(program):
    """BCC's compiles what it loads, against the kernel's headers."""
    if not FUNCLATENCY:
        return "not installed (Debian: libbpf-tools)"
    done = subprocess.run([FUNCLATENCY, "-d", "1", f"{program}:called_once_more"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it fails"])[-1]


def start_watcher(tool, function, options, processes, program, pid):
    if tool in ("count", "latency"):
        flags = ["--latency"] if tool == "latency" else []
        return live.Watcher(processes, [options.footfall, "functions", "-p", str(pid), *flags, function], rb"counting")
    if tool == "funclatency":
        watcher = live.Watcher(processes, ["stdbuf", "-oL", FUNCLATENCY, f"{program}:{function}"], rb"Tracing")
    else:
        probes = {"bpftrace count": f"uprobe:{program}:{function} {{ @ = count(); }}",
                  "bpftrace latency": f"uprobe:{program}:{function} {{ @s[tid] = nsecs; }} uretprobe:{program}:{function} /@s[tid]/ "
                                      "{ @ = hist(nsecs - @s[tid]); delete(@s[tid]); }"}
        watcher = live.Watcher(processes, ["bpftrace", "-e", probes[tool]], rb"Attaching")
    time.sleep(1)  # It says that it attaches, not that it has.
    return watcher


def nanoseconds(tool, function, options, processes, program):
    calls = options.calls if tool != "bare" else options.calls * 20
    child = processes.start([str(program), str(calls), function], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watcher = None if tool == "bare" else start_watcher(tool, function, options, processes, program, child.pid)
    out, _ = child.communicate(b"\n")
    if watcher:
        watcher.stop()
    return float(out)


def attach_and_detach_milliseconds(options, large):
    """From the kernel's answers to the one call that attaches, and to that which closes its link."""
    with tempfile.NamedTemporaryFile() as trace:
        command = ["strace", "-T", "-e", "trace=bpf,close", "-o", trace.name, options.footfall, "functions", "--rows", "1", "--", large, "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        calls = pathlib.Path(trace.name).read_text("utf-8")
    link, attached = re.findall(r"attach_type=(?:0x30|BPF_TRACE_UPROBE_MULTI).* = (\d+) <([\d.]+)>", calls)[-1]
    closed = re.findall(rf"close\({link}\) .*<([\d.]+)>", calls)[-1]
    return re.search(r"([\d,]+) of [\d,]+ functions", said)[1], float(attached) * 1000, float(closed) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=300000)
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(live.ROOT / "build/release/agent/footfall")))
    options = parser.parse_args()
    processes = live.live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        try:
            programs = {language: build(pathlib.Path(name), language) for language in ("c", "c++")}
            missing = why_no_funclatency(programs["c"])
            if missing:
                print(f"funclatency: skipped: {missing}", file=sys.stderr)
            others = [] if missing else ["funclatency"]
            results = {(function, tool): [] for function, _, tools in SUBJECTS for tool in ["bare", *tools, *others]}
            for number in range(options.rounds):
                for function, language, tools in SUBJECTS if number % 2 == 0 else reversed(SUBJECTS):
                    for tool in ["bare", *tools, *others]:
                        results[function, tool].append(nanoseconds(tool, function, options, processes, programs[language]))
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            print(f"{'':<36} {'added ns a call: median (min–max)':<40}")
            for function, language, tools in SUBJECTS:
                added = {tool: [one - bare for one, bare in zip(results[function, tool], results[function, "bare"])]
                         for tool in [*tools, *others]}
                for tool, times in added.items():
                    print(f"{function + ', ' + tool:<36} {statistics.median(times):.0f} ({min(times):.0f}–{max(times):.0f})")
                pairs = [("count", "bpftrace count")] if "count" in tools else []
                for own, other in [*pairs, ("latency", "bpftrace latency"), *[("latency", tool) for tool in others]]:
                    ratios = [mine / its for mine, its in zip(added[own], added[other])]
                    print(f"{function}: footfall {own} ÷ {other}: {statistics.median(ratios):.2f}")
            for large in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))[:1]:
                copy = pathlib.Path(name) / "postgres"  # that no other process maps
                copy.write_bytes(large.read_bytes())
                copy.chmod(0o755)
                count, attached, closed = attach_and_detach_milliseconds(options, str(copy))
                print(f"all {count} functions of postgres: attached in {attached:.0f} ms, detached in {closed:.0f} ms")
        finally:
            processes.end_all()


if __name__ == "__main__":
    main()
