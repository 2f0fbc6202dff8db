#!/usr/bin/env python3
"""Holds what operations cost against what the server says of itself.

check_costs.py TRUTH.json SESSION.json MOST_POINTS [LEAST_ATTRIBUTED]

TRUTH.json is a spender's output, SESSION.json is `footfall report --json`. Prints one line for each comparison, and ends
with 1 if a route's share of the CPU time is off by more than MOST_POINTS percentage points, its share of the time off the CPU,
but for that in a queue for one, is not 20 or 80 by as much (where the server waits), the service's CPU time is off by more than 2 %, or less than
LEAST_ATTRIBUTED percent of it (default 0) belong to operations, or something was lost. A route's share of the CPU time is what it burnt, and as much
of what the server took beside, to read and to answer, as of any other use.
"""
import json
import pathlib
import sys

OFF_CPU = {"/light": 20, "/heavy": 80}
MOST_PERCENT = 2.0


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def shares(values):
    return {name: 100 * value / sum(values.values()) for name, value in values.items()}


def main():
    truth, session = read(sys.argv[1]), read(sys.argv[2])
    most_points = float(sys.argv[3])
    least_attributed = float(sys.argv[4]) if len(sys.argv) > 4 else 0
    routes = {row["route"]: row for row in session["operations"] if row["role"] == "server"}
    service = next(row for row in session["services"] if "unattributed_cpu_seconds" in row)
    checks = []
    of_routes = sum(route["cpu"] for route in truth["routes"].values())
    beside = max(0, truth["process"] - of_routes) / sum(route["uses"] for route in truth["routes"].values())
    true_cpu = shares({name: route["cpu"] + route["uses"] * beside for name, route in truth["routes"].items()})
    for name, share in shares({name: routes[name]["cpu_seconds"] for name in true_cpu}).items():
        checks.append((f"{name} CPU {share:.2f} % of {true_cpu[name]:.2f}", abs(share - true_cpu[name]) <= most_points))
    for name, route in truth["routes"].items():
        checks.append((f"{name} uses {routes[name]['uses']} of {route['uses']}", routes[name]["uses"] == route["uses"]))
    if truth["waits"]:
        waited = {name: routes[name]["offcpu_seconds"] - routes[name]["wait_seconds"]["run_queue"] for name in OFF_CPU}
        for name, share in shares(waited).items():
            checks.append((f"{name} off the CPU {share:.2f} % of {OFF_CPU[name]}", abs(share - OFF_CPU[name]) <= most_points))
    lost = {**session["accounting"]["dropped"], **session["accounting"]["exchanges"]["lost"]}
    checks.append((f"lost {lost}", not lost))
    attributed = sum(route["cpu_seconds"] for route in routes.values())
    whole = service["cpu_seconds"]
    off = 100 * (attributed + service["unattributed_cpu_seconds"] - truth["process"]) / truth["process"]
    checks.append((f"process {whole:.4f} s of {truth['process']:.4f}: {off:+.2f} %", abs(off) <= MOST_PERCENT))
    part = 100 * attributed / whole
    checks.append((f"operations {attributed:.4f} s (burnt {of_routes:.4f}): {part:.2f} % of it", part >= least_attributed))
    for text, is_right in checks:
        print("ok    " if is_right else "WRONG ", text, file=sys.stdout if is_right else sys.stderr)
    return 0 if all(is_right for _, is_right in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
