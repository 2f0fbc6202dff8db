#!/usr/bin/env python3
"""Holds the stacks of a session against what the burner says it did.

check_stacks.py TRUTH.json SESSION.json

TRUTH.json is the burner's output, SESSION.json is `footfall report --format json` of a recording of it. Prints one line for
each comparison and ends with 1 if a share of CPU is off by more than 2 percentage points, a wait by more than 2 %, or less
than 99 % of the user stacks are complete.
"""
import collections
import json
import pathlib
import sys

MOST_POINTS = 2.0
MOST_PERCENT = 2.0
LEAST_COMPLETE = 99.0


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def functions_of(stacks, sample):
    """Names from the innermost function outwards, inlined ones included."""
    for index in sample["locations"]:
        for function in stacks["locations"][index]["functions"]:
            yield function["name"]


def cpu_shares(stacks, names):
    """Percent of the burning thread's CPU by which of the functions is on the stack."""
    spent = collections.Counter()
    for sample in stacks["samples"]:
        if sample["state"] == "running" and sample["thread"] == "burning":
            found = next((name for function in functions_of(stacks, sample) for name in names if name in function), "other")
            spent[found] += sample["seconds"]
    return {name: 100 * seconds / sum(spent.values()) for name, seconds in spent.items()}


def waits(stacks, thread, kind):
    """Seconds that a thread waited, and then for a CPU at the same place: its own clock can't tell the two apart."""
    own = [sample for sample in stacks["samples"] if sample["thread"] == thread]
    places = {tuple(sample["locations"]) for sample in own if sample.get("wait") == kind}
    return sum(sample["seconds"] for sample in own if sample["state"] != "running" and tuple(sample["locations"]) in places)


def main():
    truth, stacks = read(sys.argv[1]), read(sys.argv[2])["stacks"]
    failed = False

    def say(what, found, true, off, most):
        nonlocal failed
        failed |= abs(off) > most
        print(f"{'ok  ' if abs(off) <= most else 'FAIL'} {what}: {found:.3f}, true {true:.3f}, off by {off:+.2f}")

    shares = cpu_shares(stacks, truth["cpu"])
    for name, seconds in truth["cpu"].items():
        true = 100 * seconds / sum(truth["cpu"].values())
        say(f"CPU in {name}, %", shares.get(name, 0), true, shares.get(name, 0) - true, MOST_POINTS)
    for thread, kinds in truth["waits"].items():
        for kind, true in kinds.items():
            found = waits(stacks, thread, kind)
            say(f"{thread} waits for {kind}, s", found, true, 100 * (found / true - 1), MOST_PERCENT)
    completeness = stacks["completeness"]
    complete = 100 * completeness["complete"] / completeness["user_stacks"]
    say("complete user stacks, %", complete, 100, min(0, complete - LEAST_COMPLETE), 0)
    print(f"     complete with guesses {completeness['complete_with_guesses']}, stops {completeness['stops']}, guessed frames {completeness['guessed_frames']} of {completeness['user_frames']}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
