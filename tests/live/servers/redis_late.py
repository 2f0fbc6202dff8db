#!/usr/bin/python3
"""footfall comes into the middle of a load and leaves before its end: what it saw lies between two differences of the server's
own count, one taken within its time and one around it. Prints footfall's JSON.

    redis_late.py PID PORT PIPELINED [SOCKET]
"""
import json
import os
import re
import subprocess
import sys
import time

import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import servers  # noqa: E402


def calls(port):
    stats = servers.ask(port, b"INFO commandstats\r\n", rb"(?s)^\$\d+\r\n.*\r\n$")
    found = re.search(r"cmdstat_get:calls=(\d+)", stats)
    return int(found[1]) if found else 0


def main():
    pid, port, pipelined = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    where = ["-s", sys.argv[4]] if len(sys.argv) > 4 else ["-p", str(port)]
    load = subprocess.Popen(["redis-benchmark", *where, "-c", "8", "-P", pipelined, "-n", "100000000", "-q", "-t", "get"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    before = calls(port)
    footfall = subprocess.Popen([os.environ["FOOTFALL"], "record", "--json", "-p", pid, "--stacks", "none"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    for line in footfall.stderr:
        if "recording" in line:
            break
    time.sleep(0.2)
    begin = calls(port)
    time.sleep(1)
    end = calls(port)
    time.sleep(0.2)
    footfall.send_signal(2)
    out, _ = footfall.communicate(timeout=60)
    after = calls(port)
    load.kill()
    load.wait()
    session = json.loads(out)
    rows = {(row["role"], row["operation"]): row for row in session["operations"] if row["operation"] != "INFO"}
    seen = rows.get(("server", "GET"), {"uses": 0, "errors": 0})
    if set(rows) != {("server", "GET")} or seen["errors"]:
        sys.exit(f"other operations than GET, or errors: {list(rows)}, {seen['errors']}")
    lost = sum(session["accounting"]["exchanges"]["lost"].values())
    if not end - begin <= seen["uses"] + lost <= after - before:
        sys.exit(f"{seen['uses']} uses and {lost} lost are not between {end - begin} and {after - before}")
    print(out)


main()
