#!/usr/bin/env python3
"""What measuring the cost of uses adds to an exchange: BPF run time with it and without, in turn, in one run.

costs.py [--rounds 9] [--requests 100000] [--footfall PATH]

The load is redis-benchmark, one command at a time on 16 connections: two messages an exchange. Prints the BPF run time of an
exchange by the kernel's own statistics (median, min-max), the difference of the medians, which must be at most 100 ns, and the
agent's CPU time. Standard library only; run as root.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import live
import servers  # noqa: E402  (live.py has put its folder on the path)

MOST_NANOSECONDS = 100


def measure(costs, options, processes, server):
    command = [options.footfall, "record", "--json", "--stacks", "none", "--operations.costs", costs, "--pid", str(server.process.pid)]
    watcher = live.Watcher(processes, command, rb"(?i)recording")
    before = live.programs_of(watcher.process.pid)
    cpu = live.cpu_seconds(watcher.process.pid)
    load = ["redis-benchmark", "-p", str(server.port), "-c", "16", "-n", str(options.requests), "-t", "get", "--csv"]
    subprocess.run(load, stdout=subprocess.DEVNULL, check=True)
    after = live.programs_of(watcher.process.pid)
    spent = sum(after[number][0] - before.get(number, (0, 0))[0] for number in after)
    agent = live.cpu_seconds(watcher.process.pid) - cpu
    watcher.stop()
    return spent / options.requests, agent / options.requests * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=100000)
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(live.ROOT / "build/release/agent/footfall")))
    options = parser.parse_args()
    results = {"true": [], "false": []}
    processes = live.live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name, live.bpf_statistics():
        try:
            server = servers.start(processes, pathlib.Path(name), "redis", {})
            for number in range(options.rounds):
                for costs in results if number % 2 == 0 else reversed(results):
                    results[costs].append(measure(costs, options, processes, server))
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        finally:
            processes.end_all()
    print(f"{'costs':<8} {'BPF ns/exchange':<24} {'agent µs/exchange':>18}")
    for costs, rounds in results.items():
        times = [bpf for bpf, _ in rounds]
        spread = f"{statistics.median(times):.0f} ({min(times):.0f}–{max(times):.0f})"
        print(f"{costs:<8} {spread:<24} {statistics.median(agent for _, agent in rounds):>18.2f}")
    added = statistics.median(with_costs - without for (with_costs, _), (without, _) in zip(results["true"], results["false"]))
    print(f"added: {added:.0f} ns an exchange (median of the rounds' differences), of {MOST_NANOSECONDS} at most")


if __name__ == "__main__":
    main()
