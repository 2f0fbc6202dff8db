#!/usr/bin/env python3
"""What many connections cost footfall: nginx with 10,000 of them open, of which 1,000 end and are replaced each second.

connections.py [--open 10000] [--churn 1000] [--seconds 8] [--footfall PATH]

The client opens all of them with a request on each, then each second closes the oldest, opens as many anew, and asks again on
some of the others. Both ends are watched. Prints the requests, what footfall counted and lost at either end, and its peak
memory. Standard library only; needs nginx. Run as root.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/live"))
import run as live  # noqa: E402  (the live tests' own way to start and end processes)
import servers  # noqa: E402

REQUEST = b"GET /orders/17 HTTP/1.1\r\nHost: a\r\n\r\n"


class Client:
    """Many connections of one thread: what is asked is answered before the next call returns."""

    def __init__(self, port):
        self.address = ("127.0.0.1", port)
        self.open = collections.deque()
        self.poll = select.epoll()
        self.asked = 0

    def ask(self, connections):
        waiting = {connection.fileno(): connection for connection in connections}
        for connection in connections:
            connection.send(REQUEST)
        self.asked += len(connections)
        while waiting:
            for number, _events in self.poll.poll(10):
                if number in waiting:
                    assert waiting.pop(number).recv(4096).startswith(b"HTTP/1.1 200")

    def connect(self, count):
        fresh = [socket.create_connection(self.address) for _ in range(count)]
        for connection in fresh:
            self.poll.register(connection, select.EPOLLIN)
        for begin in range(0, count, 500):
            self.ask(fresh[begin:begin + 500])
        self.open.extend(fresh)

    def close(self, count):
        for _ in range(count):
            self.open.popleft().close()


def run_client(port, options):
    client = Client(port)
    sys.stdin.readline()
    for _ in range(options.open // 1000):
        client.connect(1000)
    for _ in range(options.seconds):
        begin = time.monotonic()
        client.close(options.churn)
        client.connect(options.churn)
        client.ask(list(client.open)[:1000])
        time.sleep(max(0.0, 1 - (time.monotonic() - begin)))
    print(json.dumps({"asked": client.asked, "open": len(client.open)}), flush=True)
    sys.stdin.readline()


def peak_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--open", type=int, default=10000)
    parser.add_argument("--churn", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--footfall", default=os.environ.get("FOOTFALL", str(ROOT / "build/release/agent/footfall")))
    parser.add_argument("--client", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        run_client(options.client, options)
        return
    processes = live.Processes()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        try:
            nginx = servers.Nginx(processes, pathlib.Path(directory), [], workers=1, log=False)
            command = [sys.executable, __file__, "--client", str(nginx.port)]
            command += ["--open", str(options.open), "--churn", str(options.churn), "--seconds", str(options.seconds)]
            client = processes.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            footfall = processes.start([options.footfall, "record", "--json", "--stacks", "none", "--pid", str(nginx.process.pid), "--pid",
                                        str(client.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while "recording" not in footfall.stderr.readline():
                pass
            client.stdin.write("go\n")
            client.stdin.flush()
            told = json.loads(client.stdout.readline())
            memory = peak_mib(footfall.pid)
            footfall.send_signal(signal.SIGINT)
            session = json.loads(footfall.communicate()[0])
        finally:
            processes.end_all()
    accounting = session["accounting"]
    print(f"connections   {told['open']} open, {options.churn} a second come and go, {options.seconds} s")
    print(f"requests      {told['asked']}")
    for role in ("server", "client"):
        print(f"{role} uses   {sum(row['uses'] for row in session['operations'] if row['role'] == role)}")
    print(f"lost          {sum(accounting['dropped'].values())} events, {sum(accounting['exchanges']['lost'].values())} exchanges: "
          f"{accounting['dropped']} {accounting['exchanges']['lost']}")
    print(f"peak memory   {memory:.1f} MiB (must stay within 96)")


if __name__ == "__main__":
    main()
