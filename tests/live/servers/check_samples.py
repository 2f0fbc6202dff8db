#!/usr/bin/env python3
"""Holds the samples of operations against what was measured of them.

check_samples.py SESSION.json [sleep]

SESSION.json is `footfall report --json` of a recording of a spender. Prints one line for each comparison, and ends with 1 if an
operation's samples on the CPU stand for another time than was measured, by more than four times their own error, or, with
sleep, if less than 90 % of its time off the CPU is known to be sleep, or waiting for a processor.
"""
import json
import math
import pathlib
import sys


def main():
    session = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    period, samples = session["stacks"]["period_seconds"], session["stacks"]["samples"]
    checks = []
    for row in session["operations"]:
        if row["role"] != "server":
            continue
        operation = f"{row['kind']} {row['operation']}"
        taken = sum(s["samples"] for s in samples if s["operation"] == operation and s["state"] == "running")
        measured, sampled = row["cpu_seconds"], taken * period
        most = 4 * period * math.sqrt(taken)
        checks.append((f"{operation}: {taken} samples, {sampled:.3f} s of {measured:.3f}, +-{most:.3f}",
                       taken > 20 and abs(sampled - measured) <= most))
        if "sleep" in sys.argv[2:]:
            waits, off_cpu = row["wait_seconds"], row["offcpu_seconds"]
            asleep, queued = (100 * waits.get(reason, 0) / off_cpu for reason in ("sleep", "run_queue"))
            checks.append((f"{operation}: {asleep:.1f} % of the time off the CPU is sleep, {queued:.1f} % waits for a processor",
                           asleep > 50 and 90 <= asleep + queued <= 105))
    for text, is_right in checks:
        print("ok    " if is_right else "WRONG ", text, file=sys.stdout if is_right else sys.stderr)
    return 0 if checks and all(is_right for _, is_right in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
