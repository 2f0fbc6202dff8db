#!/usr/bin/env python3
"""check_exits.py TRUTH SESSION.json [LEAST]: the calls, returns and durations of what leaver calls are what it says; at least
LEAST of its functions are there."""
import json
import sys

SHORT = 0.001  # seconds: what does not sleep takes less, but where it was interrupted


def problems(name, row, truth):
    calls, returned, least, most = truth
    if row["calls"] != calls:
        yield f"{name}: {row['calls']} calls, expected {calls}"
    if "not_timed" in row:
        yield f"{name}: not timed: {row['not_timed']}"
        return
    times = row["duration_seconds"] or {"returned": 0, "sum": 0, "p50": 0}
    if times["returned"] != returned:
        yield f"{name}: {times['returned']} returned, expected {returned}"
    if row["left_without_return"] > calls - returned:
        yield f"{name}: {row['left_without_return']} were left, expected at most {calls - returned}"
    if row["returns_without_begin"] != 0:
        yield f"{name}: {row['returns_without_begin']} returns without a begin"
    if times["sum"] < least / 1e9:
        yield f"{name}: {times['sum']} s in all, expected at least {least / 1e9}"
    if most and times["sum"] > most / 1e9:
        yield f"{name}: {times['sum']} s in all, expected at most {most / 1e9}"
    if least == 0 and times["p50"] > SHORT:
        yield f"{name}: {times['p50']} s in the median, expected what a few instructions take"


def main():
    with open(sys.argv[1], encoding="utf-8") as text:
        truth = {fields[4]: tuple(map(int, fields[:4])) for fields in map(str.split, text)}
    with open(sys.argv[2], encoding="utf-8") as text:
        rows = [row for file in json.load(text)["function_files"] for row in file["functions"]]
    found = {row["function"]: row for row in rows if row["function"] in truth}
    wrong = [problem for name, row in found.items() for problem in problems(name, row, truth[name])]
    print(f"{len(found)} of {len(truth)} functions, {len(wrong)} problems")
    for problem in wrong:
        print(problem)
    left = sum(row.get("left_without_return", 0) for row in found.values())
    print(f"{left} calls were seen to be left")
    sys.exit(1 if wrong or len(found) < int(sys.argv[3] if len(sys.argv) > 3 else len(truth)) else 0)


if __name__ == "__main__":
    main()
