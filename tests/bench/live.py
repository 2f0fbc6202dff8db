#!/usr/bin/env python3
"""What it costs nginx to be watched: wrk on one kept-alive worker, bare and watched in turn, in one run.

live.py [--rounds 9] [--seconds 3] [--https] [--variants bare,record,unwatched,bpftrace] [--footfall PATH]

In each round every variant gets the same load on the same nginx. Prints one table: the requests a second as a ratio to the
same round's bare (median, min–max), the CPU of nginx per 1000 requests, the CPU and peak memory of what watched, and how long
it took from its start until it watched. A last round, which is not in the ratios because it costs two clock readings a hit,
adds the BPF run time by the kernel's own statistics. With --https nginx speaks TLS, and its plaintext is watched. Other variants: hook=NAME runs `footfall record --hook NAME`.
Standard library only; needs nginx, wrk, bpftool, and bpftrace for its variant. Run as root.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/live"))
import run as live  # noqa: E402  (the live tests' own way to start and end processes)
import servers  # noqa: E402
import tls_servers  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def programs_of(pid):
    """{program id: (run time ns, run count)} of the BPF programs whose file descriptors a process holds."""
    ids = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            ids.update(int(number) for number in re.findall(r"prog_id:\s+(\d+)", info.read_text(encoding="utf-8")))
    shown = json.loads(subprocess.run(["bpftool", "prog", "show", "--json"], capture_output=True, check=True).stdout)
    return {program["id"]: (program.get("run_time_ns", 0), program.get("run_cnt", 0)) for program in shown if program["id"] in ids}


@contextlib.contextmanager
def bpf_statistics():
    path = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
    before = path.read_text(encoding="utf-8")
    path.write_text("1", encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


class Watcher:
    """footfall or bpftrace, running; None watches nothing."""

    def __init__(self, processes, command, ready, options=None):
        self.process = processes.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **(options or {}))
        os.set_blocking(self.process.stderr.fileno(), False)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.out = b""
        begin = time.monotonic()
        end = begin + 30
        while not re.search(ready, self.out):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{command[0]} did not begin: {self.out[-300:]!r}")
            self.drain()
            time.sleep(0.005)
        self.start_seconds = time.monotonic() - begin

    def drain(self):
        for pipe in (self.process.stdout, self.process.stderr):
            self.out += pipe.read() or b""

    def stop(self):
        """Returns the CPU seconds and the peak memory in KiB that it needed."""
        used = cpu_seconds(self.process.pid), peak_kib(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        end = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < end:
            self.drain()
            time.sleep(0.02)
        return used


def start_watcher(variant, options, processes, nginx_worker, idle):
    record = [options.footfall, "record", "--json", "--pid"]
    if variant == "record":
        return Watcher(processes, [*record, str(nginx_worker)], rb"(?i)recording")
    if variant == "unwatched":
        return Watcher(processes, [*record, str(idle)], rb"(?i)recording")
    if variant.startswith("hook="):
        return Watcher(processes, [*record, str(nginx_worker), "--hook", variant[5:]], rb"(?i)recording")
    if variant == "bpftrace":
        script = "tls_latency.bt" if options.https else "syscall_latency.bt"
        return Watcher(processes, ["bpftrace", str(HERE / script), str(nginx_worker)], rb"Attaching")
    return None


def measure(variant, options, processes, port, nginx_worker, idle):
    watcher = start_watcher(variant, options, processes, nginx_worker, idle)
    if variant == "bpftrace":
        time.sleep(1)  # It says that it attaches, not that it has.
    before, nginx_before = (programs_of(watcher.process.pid) if watcher else {}), cpu_seconds(nginx_worker)
    wrk = ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", f"http{'s' if options.https else ''}://127.0.0.1:{port}/health"]
    out = subprocess.run(wrk, capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", out)[1])
    result = {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
              "nginx_cpu_per_1000": (cpu_seconds(nginx_worker) - nginx_before) / requests * 1000}
    if watcher:
        after = programs_of(watcher.process.pid)
        spent = sum(after[number][0] - before.get(number, (0, 0))[0] for number in after)
        hits = sum(after[number][1] - before.get(number, (0, 0))[1] for number in after)
        result.update(bpf_ns=spent / hits if hits else 0.0, bpf_us_per_request=spent / requests / 1000, hits=hits / requests)
        result["start"] = watcher.start_seconds
        result["cpu"], result["peak"] = watcher.stop()
        result["cpu"] = result["cpu"] / requests * 1000
    return result


def print_table(results, bpf):
    print(f"{'variant':<16} {'rate ÷ bare: median (min–max)':<32} {'nginx CPU s':>12} {'BPF ns':>8} {'BPF hits':>9} {'BPF µs':>8} "
          f"{'watcher CPU s':>14} {'peak MiB':>9} {'start s':>8}")
    print(f"{'':<16} {'':<32} {'/1000 req':>12} {'/hit':>8} {'/request':>9} {'/request':>8} {'/1000 req':>14}")
    for variant, rounds in results.items():
        ratios = [round_["rate"] / bare["rate"] for round_, bare in zip(rounds, results["bare"])]

        def median(key, scale=1.0, rows=rounds):
            values = [row[key] for row in rows if key in row]
            return statistics.median(values) / scale if values else 0.0

        def of_bpf(key, row=bpf[variant]):
            return row.get(key, 0.0)
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        print(f"{variant:<16} {ratio:<32} {median('nginx_cpu_per_1000'):>12.4f} {of_bpf('bpf_ns'):>8.0f} {of_bpf('hits'):>9.2f} "
              f"{of_bpf('bpf_us_per_request'):>8.2f} {median('cpu'):>14.4f} {median('peak', 1024):>9.1f} {median('start'):>8.2f}")
    print(f"bare: {statistics.median(row['rate'] for row in results['bare']):.0f} requests/s")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--https", action="store_true")
    parser.add_argument("--variants", default="bare,record,unwatched,bpftrace")
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(ROOT / "build/release/agent/footfall")))
    return parser.parse_args()


def main():
    options = parse_options()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    variants = ["bare", *(name for name in options.variants.split(",") if name != "bare")]
    results = {variant: [] for variant in variants}
    processes = live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        try:
            of_nginx = tls_servers.TlsNginx if options.https else servers.Nginx
            nginx = of_nginx(processes, pathlib.Path(name), [], workers=1, log=False)
            worker = int(pathlib.Path(f"/proc/{nginx.process.pid}/task/{nginx.process.pid}/children").read_text("utf-8").split()[0])
            idle = processes.start(["sleep", "100000"]).pid
            for number in range(options.rounds):
                for variant in variants if number % 2 == 0 else reversed(variants):
                    results[variant].append(measure(variant, options, processes, nginx.port, worker, idle))
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            with bpf_statistics():
                bpf = {variant: measure(variant, options, processes, nginx.port, worker, idle) for variant in variants}
        finally:
            processes.end_all()
    print_table(results, bpf)


if __name__ == "__main__":
    main()
