#!/usr/bin/env python3
"""What it costs Redis, memcached, PostgreSQL and MariaDB to be watched: their load, bare and watched in turn, in one run.

databases.py [--rounds 9] [--variants bare,record,bpftrace] [--loads redis-1,redis-16,memcached,mariadb,postgresql-simple,…] [--footfall PATH]

Loads: redis-N is redis-benchmark with N commands pipelined, memcached is memcslap, postgresql-simple
and postgresql-prepared are pgbench -S, mariadb is mysqlslap with one SELECT by key. In each round every variant gets the same
load on the same server. Prints a table for each load: its rate as a ratio to the same round's bare (median, min–max), and from a
last round, which is not in the ratios, the BPF run time by the kernel's own statistics. bpftrace runs syscall_latency.bt, the least
of the same. Standard library only; run as root.
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
import servers  # noqa: E402  (live.py has put its folder on the path)


def redis_rate(port, pipelined, options):
    count = options.seconds * (60000 if pipelined == 1 else 400000)
    command = ["redis-benchmark", "-p", str(port), "-c", "50", "-P", str(pipelined), "-n", str(count), "-t", "get", "--csv"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r'"GET","([\d.]+)"', out)[1]), count


def memcached_rate(port, options):
    count = options.seconds * 20000
    begin = time.monotonic()
    subprocess.run(["memcslap", f"--servers=127.0.0.1:{port}", "--test=get", "--concurrency=4", f"--execute-number={count // 4}",
                    "--initial-load=1000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return count / (time.monotonic() - begin), count


def postgresql_rate(port, mode, options):
    count = options.seconds * 12000
    command = ["pgbench", "-n", "-S", "-M", mode, "-c", "4", "-j", "1", "-t", str(count // 4), "-h", "127.0.0.1", "-p", str(port),
               "-U", "postgres", "postgres"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", out)[1]), count


def mariadb_rate(port, options):
    count = options.seconds * 12000
    table = "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO people VALUES (1, 'a')"
    command = ["mysqlslap", "--no-defaults", "-h", "127.0.0.1", "-P", str(port), "-u", "root", "--delimiter=;", f"--create={table}",
               "--query=SELECT name FROM people WHERE id = 1", "--concurrency=4", f"--number-of-queries={count}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return count / float(re.search(r"Average number of seconds to run all queries: ([\d.]+)", out)[1]), count


def rate_of(load, port, options):
    if load.startswith("postgresql-"):
        return postgresql_rate(port, load.removeprefix("postgresql-"), options)
    if load == "memcached":
        return memcached_rate(port, options)
    if load == "mariadb":
        return mariadb_rate(port, options)
    return redis_rate(port, int(load.removeprefix("redis-")), options)


def bpftrace_of(load, pid):
    """The script for a server of one process, or of many."""
    if load.startswith("postgresql-"):
        return ["bpftrace", str(live.HERE / "backend_latency.bt"), "postgres"]
    return ["bpftrace", str(live.HERE / "syscall_latency.bt"), str(pid)]


def start_watcher(variant, load, options, processes, pid):
    if variant == "record":
        return live.Watcher(processes, [options.footfall, "record", "--json", "--stacks", "none", "--pid", str(pid)], rb"(?i)recording")
    if variant == "bpftrace":
        watcher = live.Watcher(processes, bpftrace_of(load, pid), rb"Attaching")
        time.sleep(1)  # It says that it attaches, not that it has.
        return watcher
    return None


def measure(variant, load, options, processes, server):
    watcher = start_watcher(variant, load, options, processes, server.process.pid)
    before = live.programs_of(watcher.process.pid) if watcher else {}
    rate, count = rate_of(load, server.port, options)
    result = {"rate": rate}
    if watcher:
        after = live.programs_of(watcher.process.pid)
        spent = sum(after[number][0] - before.get(number, (0, 0))[0] for number in after)
        hits = sum(after[number][1] - before.get(number, (0, 0))[1] for number in after)
        result.update(bpf_ns=spent / hits if hits else 0.0, hits=hits / count, bpf_us=spent / count / 1000)
        watcher.stop()
    return result


def print_table(load, results, bpf):
    print(f"{load:<12} {'rate ÷ bare: median (min–max)':<32} {'BPF ns/hit':>10} {'hits/use':>9} {'BPF µs/use':>11}")
    for variant, rounds in results.items():
        ratios = [one["rate"] / bare["rate"] for one, bare in zip(rounds, results["bare"])]
        text = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        row = bpf[variant]
        print(f"{variant:<12} {text:<32} {row.get('bpf_ns', 0):>10.0f} {row.get('hits', 0):>9.2f} {row.get('bpf_us', 0):>11.3f}")
    print(f"bare: {statistics.median(one['rate'] for one in results['bare']):.0f} uses/s", flush=True)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=2, help="that a load takes on a machine of ours, about")
    parser.add_argument("--variants", default="bare,record,bpftrace")
    parser.add_argument("--loads", default="redis-1,redis-16,memcached,mariadb,postgresql-simple,postgresql-prepared")
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(live.ROOT / "build/release/agent/footfall")))
    return parser.parse_args()


def main():
    options = parse_options()
    variants = ["bare", *(name for name in options.variants.split(",") if name != "bare")]
    processes = live.live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        try:
            for load in options.loads.split(","):
                server = servers.start(processes, pathlib.Path(name), load.partition("-")[0], {})
                results = {variant: [] for variant in variants}
                for number in range(options.rounds):
                    for variant in variants if number % 2 == 0 else reversed(variants):
                        results[variant].append(measure(variant, load, options, processes, server))
                    print(f"{load}: round {number + 1} of {options.rounds}", file=sys.stderr)
                with live.bpf_statistics():
                    bpf = {variant: measure(variant, load, options, processes, server) for variant in variants}
                print_table(load, results, bpf)
        finally:
            processes.end_all()


if __name__ == "__main__":
    main()
