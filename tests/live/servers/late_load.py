#!/usr/bin/python3
"""footfall comes into the middle of a load of gets and leaves before its end: what it saw lies between two differences of the
server's own count, one taken within its time and one around it. Prints footfall's JSON.

    late_load.py redis|memcached PID PORT PIPELINED [SOCKET]
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import servers  # noqa: E402

MEMCACHED_LOAD = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
asked, answered = b"get none\\r\\n" * int(sys.argv[2]), 5 * int(sys.argv[2])
while True:
    connection.sendall(asked)
    left = answered
    while left:
        left -= len(connection.recv(left)) or sys.exit()
"""


class Redis:
    operation, others = "GET", {"INFO"}

    def load(self, port, pipelined, path):
        where = ["-s", path] if path else ["-p", str(port)]
        return ["redis-benchmark", *where, "-c", "8", "-P", pipelined, "-n", "100000000", "-q", "-t", "get"]

    def calls(self, port):
        found = re.search(r"cmdstat_get:calls=(\d+)", servers.ask(port, b"INFO commandstats\r\n", rb"(?s)^\$\d+\r\n.*\r\n$"))
        return int(found[1]) if found else 0


class Memcached:
    operation, others = "get", {"stats"}

    def load(self, port, pipelined, path):
        return [sys.executable, "-c", MEMCACHED_LOAD, str(port), pipelined]

    def calls(self, port):
        return int(re.search(r"STAT cmd_get (\d+)", servers.ask(port, b"stats\r\n", rb"END\r\n$"))[1])


def main():
    kind = {"redis": Redis, "memcached": Memcached}[sys.argv[1]]()
    pid, port, pipelined = sys.argv[2], int(sys.argv[3]), sys.argv[4]
    load = subprocess.Popen(kind.load(port, pipelined, sys.argv[5] if len(sys.argv) > 5 else None),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    before = kind.calls(port)
    footfall = subprocess.Popen([os.environ["FOOTFALL"], "record", "--json", "-p", pid, "--stacks", "none"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    for line in footfall.stderr:
        if "recording" in line:
            break
    time.sleep(0.2)
    begin = kind.calls(port)
    time.sleep(1)
    end = kind.calls(port)
    time.sleep(0.2)
    footfall.send_signal(2)
    out, _ = footfall.communicate(timeout=60)
    after = kind.calls(port)
    load.kill()
    load.wait()
    session = json.loads(out)
    rows = {(row["role"], row["operation"]): row for row in session["operations"] if row["operation"] not in kind.others}
    seen = rows.get(("server", kind.operation), {"uses": 0, "errors": 0})
    if set(rows) != {("server", kind.operation)} or seen["errors"]:
        sys.exit(f"other operations than {kind.operation}, or errors: {list(rows)}, {seen['errors']}")
    lost = sum(session["accounting"]["exchanges"]["lost"].values())
    dropped = sum(session["accounting"]["dropped"].values())
    if seen["uses"] > after - before or (seen["uses"] + lost < end - begin and not dropped):
        sys.exit(f"{seen['uses']} uses and {lost} lost are not between {end - begin} and {after - before}")
    print(out)


main()
