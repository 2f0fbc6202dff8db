#!/usr/bin/env python3
"""How whole the user stacks of Debian's own binaries are, and what they cost: footfall beside perf with frame pointers and
perf with copies of the stack, on the same programs under the same load, in one run.

stacks.py [--seconds 4] [--rounds 3] [--frequency 99] [--programs python3,redis-server,nginx,postgres,java] [--footfall PATH]

A stack is complete when its outermost user frame is where a program or a thread starts. Prints two tables. The first: complete
stacks, the CPU of the tool (all of it, start and naming included, and for footfall that of the recording alone), and the
bytes that it wrote. The second: what one sample takes in the kernel, by its own statistics: of a stack of some 30 frames, of
40 frames of Python, which call each other at once or, all but two, through C, and of some 40 of Java.
Standard library only; needs the programs, their load generators (wrk, redis-benchmark, pgbench), perf and bpftool; what is
missing is left out, by name. Run as root.
"""
import argparse
import contextlib
import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests/live"), str(HERE)]
import live as live_bench  # noqa: E402  (the other bench's way to watch)
import run as live  # noqa: E402  (the live tests' own way to start and end processes)
import servers  # noqa: E402

STARTS = re.compile(r"^(_start|__?clone3?|clone|start_thread|_dl_start_user)\b")
BUSY = """
import json, re, sys, time
def nested(n):
    return json.dumps({str(i): [i] * 3 for i in range(200)}) if n == 0 else nested(n - 1)
while True:
    nested(25)
    re.findall(r"[0-9]+", "a1b22" * 100)
"""


# 40 frames of Python with the module's own, in one native call or in 38.
PYTHON = """
import sys, time
def spin():
    while True:
        for _ in range(1000):
            pass
def plain(depth):
    plain(depth - 1) if depth else spin()
def through_c(depth):
    max([depth], key=lambda _: through_c(depth - 1) if depth else spin())
plain(37) if sys.argv[1] == "plain" else through_c(18)
"""


class Missing(Exception):
    """What a program or its load would need is not installed."""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"{program} is not installed")


def quiet(processes, command, **options):
    return processes.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def start_python(processes, directory):
    need("/usr/bin/python3")
    return quiet(processes, ["/usr/bin/python3", "-c", BUSY]).pid, None


def start_redis(processes, directory):
    need("redis-server", "redis-benchmark")
    port = str(servers.free_port())
    pid = quiet(processes, ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]).pid
    time.sleep(0.5)
    return pid, ["redis-benchmark", "-p", port, "-q", "-l", "-c", "20", "-t", "set,get,lpush,lrange_100,zadd"]


def start_nginx(processes, directory):
    need("nginx", "wrk")
    nginx = servers.Nginx(processes, directory, [], workers=1, log=False)
    return nginx.process.pid, ["wrk", "-t1", "-c16", "-d3600s", f"http://127.0.0.1:{nginx.port}/health"]


def start_postgres(processes, directory):
    binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries or not shutil.which("pgbench"):
        raise Missing("postgresql and pgbench are not installed")
    binaries, data, port = binaries[-1], directory / "pg", str(servers.free_port())
    user = pwd.getpwnam("postgres")
    data.mkdir()
    os.chown(data, user.pw_uid, user.pw_gid)
    run_as = {"user": user.pw_uid, "group": user.pw_gid, "cwd": str(data)}
    subprocess.run([binaries / "initdb", "-D", data, "--auth=trust", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, **run_as)
    pid = quiet(processes, [binaries / "postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", data, "-c", "jit=off"], **run_as).pid
    to = ["-h", "127.0.0.1", "-p", port, "-U", "postgres"]
    for _ in range(100):
        if subprocess.run([binaries / "pg_isready", *to], capture_output=True, check=False).returncode == 0:
            break
        time.sleep(0.1)
    subprocess.run(["pgbench", "-i", "-q", *to, "postgres"], check=True, capture_output=True)
    return pid, ["pgbench", "-c", "2", "-S", "-T", "3600", *to, "postgres"]


def java_class(source, directory):
    need("java", "javac")
    subprocess.run(["javac", "-g", "-d", directory, source], check=True)
    return ["-cp", str(directory), source.stem]


def start_java(processes, directory):
    need("wrk")
    port = str(servers.free_port())
    pid = quiet(processes, ["java", "-Xmx256m", *java_class(ROOT / "tests/live/servers/Desk.java", directory), port]).pid
    time.sleep(2)
    return pid, ["wrk", "-t1", "-c8", "-d3600s", f"http://127.0.0.1:{port}/?a=1&bb=22&ccc=333"]


PROGRAMS = {"python3": start_python, "redis-server": start_redis, "nginx": start_nginx, "postgres": start_postgres, "java": start_java}


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextlib.contextmanager
def cpu_spent(row):
    before = cpu_of_children()
    yield
    row["cpu"] = cpu_of_children() - before


def with_footfall(options, pid, directory):
    row, file = {}, directory / "s.ffs"
    with cpu_spent(row):
        subprocess.run([options.footfall, "record", "-q", "--force", "-d", f"{options.seconds}s", "-F", str(options.frequency), "--pid", str(pid),
                        "-o", str(file)], check=True, capture_output=True)
    shown = subprocess.run([options.footfall, "report", str(file), "--format", "json"], check=True, capture_output=True).stdout
    session = json.loads(shown)
    completeness = session["stacks"]["completeness"]
    without_user = completeness["stops"].get("no_user_stack", 0)
    row.update(stacks=completeness["user_stacks"] - without_user, complete=completeness["complete"], bytes=file.stat().st_size,
               recording=session["session"]["overhead"]["agent_cpu_seconds"],
               note=", ".join(f"{reason} {count}" for reason, count in completeness["stops"].items() if reason != "outermost"))
    return row


def processes_below(pid):
    """The process and all that it started."""
    found = [pid]
    for parent in found:
        for children in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, children.read_text(encoding="utf-8").split())
    return found


def with_perf(options, pid, directory, graph):
    row, file = {}, directory / "perf.data"
    pids = ",".join(map(str, processes_below(pid)))
    with cpu_spent(row):
        subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(options.frequency), *graph, "-p", pids, "-o", str(file), "--",
                        "sleep", str(options.seconds)], check=True, capture_output=True)
        shown = subprocess.run(["perf", "script", "-i", str(file), "-F", "comm,ip,sym,dso"], capture_output=True, text=True, check=True).stdout
    stacks = [stack.splitlines()[1:] for stack in shown.split("\n\n") if stack.strip()]
    outermost = [stack[-1].split()[1:] or [""] for stack in stacks if stack]
    row.update(stacks=len(outermost), complete=sum(bool(STARTS.match(frame[0])) for frame in outermost), bytes=file.stat().st_size, note="")
    return row


TOOLS = {
    "footfall": with_footfall,
    "perf -g (frame pointers)": lambda *arguments: with_perf(*arguments, ["-g"]),
    "perf --call-graph dwarf": lambda *arguments: with_perf(*arguments, ["--call-graph", "dwarf,16384"]),
}


def measure(options, name):
    processes = live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        path = pathlib.Path(directory)
        path.chmod(0o755)
        try:
            pid, load = PROGRAMS[name](processes, path)
            if load:
                quiet(processes, load)
            time.sleep(0.3)
            for tool, run in TOOLS.items():
                if tool.startswith("perf") and not shutil.which("perf"):
                    continue
                row = run(options, pid, path)
                share = 100 * row["complete"] / max(row["stacks"], 1)
                print(f"{name:<14} {tool:<26} {row['stacks']:>7} {share:>8.1f}% {row['cpu']:>8.2f} "
                      f"{row.get('recording', row['cpu']):>10.2f} {row['bytes'] / 1024:>8.0f}  {row['note']}")
        finally:
            processes.end_all()


def burner_depth(frames):
    """Its other frames are the two functions that burn, and those of the thread's start."""
    return str(frames - 8)


def clock_time(pid):
    """Nanoseconds that the sampling program of a footfall has run for."""
    shown = json.loads(subprocess.run(["bpftool", "prog", "show", "--json"], capture_output=True, check=True).stdout)
    own = live_bench.programs_of(pid)
    return sum(program.get("run_time_ns", 0) for program in shown if program["id"] in own and program.get("name") == "clock_ticked")


def clock_share(options, frequency, pid, processes):
    """What part of a second the sampling program runs for while that process is watched."""
    watcher = live_bench.Watcher(processes, [options.footfall, "record", "--json", "-F", str(frequency), "--pid", str(pid)], rb"recording")
    time.sleep(1)  # Tables come in the first samples.
    before, begin = clock_time(watcher.process.pid), time.monotonic()
    time.sleep(options.seconds)
    share = (clock_time(watcher.process.pid) - before) / 1e9 / (time.monotonic() - begin)
    watcher.stop()
    return share


def start_burner(options, processes, _):
    return quiet(processes, [str(options.burner), "600", burner_depth(30)]).pid


def start_deep_python(way):
    return lambda _, processes, directory: quiet(processes, ["/usr/bin/python3", "-c", PYTHON, way]).pid


# Each call has a frame of its own only where none is inlined.
def start_deep_java(flags):
    def start(_, processes, directory):
        pid = quiet(processes, ["java", *flags, *java_class(HERE / "Deep.java", directory), "40"]).pid
        time.sleep(3)  # until it is compiled as far as it will be
        return pid
    return start


SAMPLED = {"30 frames": start_burner,
           "40 frames of Python, plain": start_deep_python("plain"),
           "40 frames of Python, through C": start_deep_python("through C"),
           "40 frames of Java, compiled": start_deep_java(["-XX:CompileCommand=dontinline,Deep.*"]),
           "40 frames of Java, interpreted": start_deep_java(["-Xint"])}


def sample_cost(options, frequency, start):
    """Prints what the sampling program takes for each sample of one busy thread, and for all ticks that are no samples."""
    processes = live.Processes()
    with live_bench.bpf_statistics(), tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        try:
            busy = start(options, processes, pathlib.Path(directory))
            other = quiet(processes, ["sleep", "600"]).pid
            rounds = [(clock_share(options, frequency, busy, processes), clock_share(options, frequency, other, processes))
                      for _ in range(options.rounds)]
        finally:
            processes.end_all()
    # One thread burns all the time.
    costs = sorted((watched - unwatched) / frequency * 1e6 for watched, unwatched in rounds)
    share = statistics.median(watched for watched, _ in rounds)
    print(f"{frequency:>6} Hz {statistics.median(costs):>8.2f} µs a sample ({costs[0]:.2f}-{costs[-1]:.2f}) {100 * share:>8.3f} % of a core, all ticks included")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="of the second table")
    parser.add_argument("--frequency", type=int, default=99)
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(ROOT / "build/release/agent/footfall")))
    parser.add_argument("--burner", type=pathlib.Path, default=ROOT / "build/release/tests/live/burner")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    print(f"{'program':<14} {'tool':<26} {'stacks':>7} {'complete':>9} {'CPU s':>8} {'recording':>10} {'KiB':>8}  incomplete, by reason")
    for name in filter(None, options.programs.split(",")):
        try:
            measure(options, name)
        except Missing as reason:
            print(f"{name:<14} left out: {reason}")
    for name, start in SAMPLED.items():
        print(f"\none sample of {name}, in the kernel")
        try:
            for frequency in (options.frequency, 10 * options.frequency):
                sample_cost(options, frequency, start)
        except Missing as reason:
            print(f"left out: {reason}")


if __name__ == "__main__":
    main()
