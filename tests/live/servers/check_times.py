#!/usr/bin/env python3
"""check_times.py OUT: what `napper 20` says that it took, and behind it the session, whose durations are that long."""
import json
import pathlib
import re
import sys

CALLS = 20
NAP = 0.010


def main():
    out = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    took = float(re.search(r"^took ([\d.]+)$", out, re.M)[1])
    functions = {row["function"]: row for row in json.loads(out[out.index("{"):])["function_files"][0]["functions"]}
    calls = {name: row["calls"] for name, row in functions.items()}
    assert calls == {"recurses": 5 * CALLS, "naps_10ms": CALLS, "jumps_away": CALLS, "is_short": CALLS}, calls
    times = {name: row["duration_seconds"] for name, row in functions.items()}
    assert times["jumps_away"] is None, times
    for name, levels in (("recurses", 5), ("naps_10ms", 1)):
        assert times[name]["returned"] == levels * CALLS, (name, times[name])
        assert levels * CALLS * NAP <= times[name]["sum"] <= levels * took, (name, times[name], took)
        assert NAP * 0.93 <= times[name]["p50"], (name, times[name])
    assert times["is_short"]["p50"] < NAP / 10, times["is_short"]


if __name__ == "__main__":
    main()
