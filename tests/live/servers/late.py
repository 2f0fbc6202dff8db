#!/usr/bin/python3
"""Runs a load, starts footfall in its midst, and holds its uses against what the server logged from then on.

late.py LOG SLACK ROLE PID 'load'   SLACK: how many requests are in flight at most; PID: whom to watch, `load` for the load itself

Prints footfall's JSON. Exit code 0: each use is in that role, and their number is that of the log's new lines, give or take what was
in flight; 1: not so, and why on stderr. Footfall begins to watch between its start and the moment when it says so, so the log is
counted at both.
"""
import json
import os
import shlex
import signal
import subprocess
import sys
import time


def lines(path):
    with open(path, "rb") as log:
        return log.read().count(b"\n")


def complaints(session, role, least, most, slack):
    uses = sum(row["uses"] for row in session["operations"])
    if not least - slack <= uses <= most + slack:
        yield f"{uses} uses, the log has {least} to {most} give or take {slack}"
    if least < 10 * slack:
        yield f"the load was over when footfall came: {least} requests since"
    for row in session["operations"]:
        if row["role"] != role:
            yield f"{row['role']} {row['operation']}: {row['uses']} uses in the wrong role"
    lost = {reason: count for reason, count in session["accounting"]["exchanges"]["lost"].items() if count}
    if set(lost) - {"began_before"} or lost.get("began_before", 0) > slack:
        yield f"lost: {lost}"


def main():
    log, slack, role, pid, load = sys.argv[1:]
    running = subprocess.Popen(shlex.split(load), stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    command = [os.environ["FOOTFALL"], "record", "--json", "--stacks", "none", "--pid", str(running.pid) if pid == "load" else pid]
    started = lines(log)
    footfall = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "recording" not in footfall.stderr.readline():
        if footfall.poll() is not None:
            sys.exit("footfall ended at once")
    ready = lines(log)
    running.wait()
    time.sleep(0.5)
    end = lines(log)
    footfall.send_signal(signal.SIGINT)
    out, _ = footfall.communicate()
    print(out)
    wrong = list(complaints(json.loads(out), role, end - ready, end - started, int(slack)))
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
