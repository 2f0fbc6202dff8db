#!/usr/bin/env python3
"""Runs the live tests: real servers under a bounded load, watched by footfall, held against the servers' own logs.

run.py [--only REGEX] [--loads-only] [--need-bpf] [FILE.case…]        (default: all of cases/)

Each case has a line: "ok NAME", "not ok NAME" with what is wrong, or "skip NAME: REASON". Standard library only.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import shlex
import signal
import string
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

import case as case_files
import checks
import servers

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build/release"
READY = re.compile(r"recording|tracing|watching|listening", re.I)


@dataclasses.dataclass
class Result:
    """What a finished program left behind. session is its JSON, if it printed one."""

    code: int
    stdout: str
    stderr: str
    metrics: str = ""
    session: dict | None = None


class Processes:
    """Every process that a case starts, each with its own session; the end of the case is the end of all."""

    def __init__(self):
        self.started = []

    def start(self, command, **options):
        defaults = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, start_new_session=True, **{**defaults, **options})
        self.started.append(process)
        return process

    def end_all(self):
        for process in reversed(self.started):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()


class Footfall:
    """One footfall of a case, with its output collected as it comes."""

    def __init__(self, processes, program, arguments, patience):
        self.process = processes.start([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.metrics = ""
        self.ready = threading.Event()
        self.patience = patience
        self.readers = [threading.Thread(target=self.collect, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.stdout), (self.process.stderr, self.stderr))]
        for reader in self.readers:
            reader.start()

    def collect(self, pipe, into):
        while chunk := os.read(pipe.fileno(), 65536):
            into += chunk
            if into is self.stderr and READY.search(into.decode(errors="replace")):
                self.ready.set()
        self.ready.set()

    def await_ready(self):
        if not self.ready.wait(self.patience):
            raise RuntimeError(f"footfall never said that it is recording: {bytes(self.stderr)[-400:].decode(errors='replace')}")

    def keep_metrics(self, port):
        """What the agent serves after the load, kept before it is stopped."""
        if "agent" in self.process.args and self.process.poll() is None:
            time.sleep(0.5)
            self.metrics = servers.fetch(int(port), "/metrics")

    def stop(self, how):
        if how != "none" and self.process.poll() is None:
            self.process.send_signal(getattr(signal, "SIG" + how))
        code = self.process.wait(self.patience)
        for reader in self.readers:
            reader.join(self.patience)
        stdout = self.stdout.decode(errors="replace")
        return Result(code, stdout, self.stderr.decode(errors="replace"), self.metrics, session_in(stdout))


def session_in(text):
    """The session's JSON on stdout, whatever a watched command printed around it."""
    start = re.search(r'^\{\s*"schema"', text, re.M)
    return json.JSONDecoder().raw_decode(text[start.start():])[0] if start else None


def make_cgroup(pid):
    """A new cgroup with this process and its children in it."""
    mounts = pathlib.Path("/proc/mounts").read_text(encoding="utf-8")
    roots = [line.split()[1] for line in mounts.splitlines() if line.split()[2] == "cgroup2"]
    if not roots:
        raise servers.Skip("no cgroup2 is mounted")
    group = pathlib.Path(roots[0]) / f"footfall-test-{os.getpid()}-{pid}"
    group.mkdir(exist_ok=True)
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    for member in [str(pid), *children]:
        (group / "cgroup.procs").write_text(member, encoding="utf-8")
    return group


def remove_cgroup(group, patience):
    """Its processes were killed by now; on a slow machine they may still be on their way out."""
    deadline = time.monotonic() + patience
    while "populated 1" in (group / "cgroup.events").read_text(encoding="utf-8") and time.monotonic() < deadline:
        time.sleep(0.05)
    group.rmdir()


def check_needs(case, bpf_reason):
    if (case.footfalls or "bpf" in case.needs) and bpf_reason:
        raise servers.Skip(bpf_reason)
    if "root" in case.needs and os.geteuid() != 0:
        raise servers.Skip("needs root")
    paths = os.environ["PATH"].split(":")
    for program in set(case.needs) - {"bpf", "root"}:
        if not any(os.access(os.path.join(path, program), os.X_OK) for path in paths):
            raise servers.Skip(f"{program} is not installed")


class Runner:
    def __init__(self, options, bpf_reason):
        self.options = options
        self.bpf_reason = bpf_reason

    def run(self, case):
        """Returns what is wrong with this case; raises Skip."""
        check_needs(case, None if self.options.loads_only else self.bpf_reason)
        processes = Processes()
        group = None
        with tempfile.TemporaryDirectory(prefix="footfall-live-", ignore_cleanup_errors=True) as name:
            directory = pathlib.Path(name)
            directory.chmod(0o755)
            try:
                variables, started = self.start_servers(case, processes, directory)
                if case.cgroup:
                    group = make_cgroup(started[0].process.pid)
                    variables["CGROUP"] = str(group)
                return self.watch(case, processes, directory, variables, started)
            finally:
                processes.end_all()
                if group:
                    remove_cgroup(group, self.options.patience)

    def start_servers(self, case, processes, directory):
        variables = {"DIR": str(directory), "FOOTFALL": self.options.footfall, "FREE_PORT": str(servers.free_port()),
                     "SERVERS": str(servers.SERVERS)}
        started = []
        # The last one starts first: a proxy comes before its application in the case, so its case can name the port.
        for index in reversed(range(len(case.servers))):
            server = servers.start(processes, directory, case.servers[index], variables)
            started.insert(0, server)
            suffix = "" if index == 0 else str(index + 1)
            variables.update({key + suffix: str(value) for key, value in server.variables().items()})
        return variables, started

    def watch(self, case, processes, directory, variables, started):
        footfalls = []
        if not self.options.loads_only:
            for line in case.footfalls:
                arguments = [string.Template(word).substitute(variables) for word in shlex.split(line)]
                footfalls.append(Footfall(processes, self.options.footfall, arguments, self.options.patience))
        for footfall in footfalls:
            footfall.await_ready()
        variables["FOOTFALL_PID"] = str(footfalls[0].process.pid) if footfalls else ""
        for server in started:
            server.go()
        if case.load:
            self.shell(case.load, processes, variables, must_pass=True)
        for footfall in footfalls:
            footfall.keep_metrics(variables["FREE_PORT"])
        results = [footfall.stop(case.stop) for footfall in footfalls]
        if self.options.loads_only:
            return [f"{operation}: {entry}" for server in started for operation, entry in server.answered().items()]
        run = self.shell(case.run, processes, variables) if case.run else None
        if run and run.code == 77 and (reason := re.search("^skip: (.+)", run.stderr, re.M)):
            raise servers.Skip(reason[1])
        return checks.Checker(case, started, results, run, directory).check()

    def shell(self, line, processes, variables, must_pass=False):
        environment = {**os.environ, **variables, "PATH": f"{servers.SERVERS}:{os.environ['PATH']}"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = processes.start(["bash", "-c", line], env=environment, cwd=variables["DIR"], **pipes)
        stdout, stderr = process.communicate(timeout=self.options.patience * 2)
        if must_pass and process.returncode != 0:
            raise RuntimeError(f"the load failed ({process.returncode}): {stderr.strip()[-400:]}")
        return Result(process.returncode, stdout, stderr, session=session_in(stdout))


def why_no_bpf(options):
    """Why cases that need BPF can't run here, in a line; None if they can. Ends the run where they must be able to."""
    done = subprocess.run([options.footfall, "doctor"], capture_output=True, text=True, check=False)
    if done.returncode not in (69, 77):
        return None
    said = (done.stdout + done.stderr).strip()
    if options.need_bpf:
        print(f"not ok footfall doctor ({done.returncode})\n{textwrap.indent(said, '    ')}\n0 passed, 1 failed, 0 skipped")
        sys.exit(1)
    failing = [line for line in said.splitlines() if re.match(r"(?i)(no|fail)", line)] or said.splitlines()[-1:]
    return "footfall doctor: " + " ".join(failing[0].split())


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases whose name matches this regular expression")
    parser.add_argument("--need-bpf", action="store_true", help="fail, rather than skip, where footfall doctor finds no BPF")
    parser.add_argument("--loads-only", action="store_true", help="no footfall: print what the servers' own logs count")
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(BUILD / "agent/footfall")))
    parser.add_argument("--patience", type=float, default=60, help="seconds that one step of a case may take")
    parser.add_argument("--jobs", type=int, default=2, help="cases to run at once")
    parser.add_argument("files", nargs="*", default=sorted(map(str, (HERE / "cases").glob("*.case"))))
    return parser.parse_args()


def run_one(runner, case):
    begin = time.monotonic()
    try:
        lines = runner.run(case)
        verdict = "not ok" if lines and not runner.options.loads_only else "ok"
    except servers.Skip as reason:
        return "skip", f"skip {case.name}: {reason}"
    except Exception as error:  # Whatever a case runs into is its result, not the end of the run.
        verdict, lines = "not ok", [f"{type(error).__name__}: {error}"]
    return verdict, "\n    ".join([f"{verdict} {case.name} ({time.monotonic() - begin:.1f} s)", *lines])


def main():
    options = parse_options()
    for program in ("sockio", "burner", "corners", "twin", "turn", "grpc_calls", "callee", "looker", "napper", "leaver", "marks",
                    "loads_late", "spender"):
        os.environ.setdefault(program.upper(), str(BUILD / "tests/live" / program))
    flamegraph = "/usr/share/perl5/Devel/NYTProf"  # the folder of flamegraph.pl in Debian
    postgres = [str(path) for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin")]
    own = str(HERE.parents[1] / "build/servers")  # what get_servers.sh has fetched
    os.environ["PATH"] = ":".join([os.environ["PATH"], "/usr/sbin", "/sbin", "/usr/local/go/bin", flamegraph, own, *postgres])
    sys.stdout.reconfigure(line_buffering=True)
    runner = Runner(options, None if options.loads_only else why_no_bpf(options))
    cases = [case for file in options.files for case in case_files.read_file(file) if re.search(options.only, case.name)]
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for verdict, text in pool.map(lambda case: run_one(runner, case), cases):
            counts[verdict] += 1
            print(text)
    print(f"{counts['ok']} passed, {counts['not ok']} failed, {counts['skip']} skipped")
    return 1 if counts["not ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
