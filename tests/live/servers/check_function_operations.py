#!/usr/bin/env python3
"""Holds which operations functions were called for against what the server says of itself.

check_function_operations.py TRUTH.json SESSION.json LEAST_PERCENT

TRUTH.json is a spender's output (spender.cc says what each route calls), SESSION.json is `footfall report --json`. Ends with 1
if the calls of a function are not exact, less than LEAST_PERCENT of them are said to be for the route that made them, or
something was lost.
"""
import json
import pathlib
import sys

CALLS = {"look_up()": {"/light": 3, "/heavy": 7}, "weigh()": {"/heavy": 1}}


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def functions_of(session):
    all_of_them = [function for file in session["function_files"] for function in file["functions"]]
    return {function["function"].split("::")[-1]: function for function in all_of_them}


def main():
    truth, session, least = read(sys.argv[1]), read(sys.argv[2]), float(sys.argv[3])
    found = functions_of(session)
    checks = []
    for name, calls in CALLS.items():
        expected = {f"http GET {route}": each * truth["routes"][route]["uses"] for route, each in calls.items()}
        counted = found[name]["calls"]
        checks.append((f"{name} {counted} calls of {sum(expected.values())}", counted == sum(expected.values())))
        parts = {part["name"]: part["calls"] for part in found[name]["parts"] if part["name"] != "other"}
        right = sum(min(parts.get(operation, 0), count) for operation, count in expected.items())
        share = 100 * right / sum(expected.values())
        checks.append((f"{name} for the right route {share:.2f} % {parts}", share >= least))
    dropped = session["accounting"]["dropped"]
    checks.append((f"dropped {dropped}", not dropped))
    for text, right in checks:
        print(text if right else f"WRONG {text}")
    return 0 if all(right for _, right in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
