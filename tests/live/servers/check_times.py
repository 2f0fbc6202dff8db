#!/usr/bin/env python3
"""check_times.py < SESSION.json: the durations of what `napper 20` calls are what it takes."""
import json
import sys

CALLS = 20
NAP = 0.010


def main():
    functions = {row["function"]: row for row in json.load(sys.stdin)["function_files"][0]["functions"]}
    calls = {name: row["calls"] for name, row in functions.items()}
    assert calls == {"recurses": 5 * CALLS, "naps_10ms": CALLS, "jumps_away": CALLS, "is_short": CALLS}, calls
    times = {name: row["duration_seconds"] for name, row in functions.items()}
    assert times["jumps_away"] is None, times
    for name, returned in (("recurses", 5 * CALLS), ("naps_10ms", CALLS)):
        assert times[name]["returned"] == returned, (name, times[name])
        assert returned * NAP <= times[name]["sum"] <= returned * NAP * 3, (name, times[name])
        assert NAP * 0.93 <= times[name]["p50"], (name, times[name])
    assert times["is_short"]["p50"] < NAP / 10, times["is_short"]


if __name__ == "__main__":
    main()
