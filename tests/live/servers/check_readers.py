#!/usr/bin/env python3
"""Holds what the programs of others read from our stacks against what footfall says of the same session.

check_readers.py SESSION.json running|waiting READER FILE

SESSION.json is `footfall report --json`. READER FILE is one of
  flamegraph.pl GRAPH.svg           what flamegraph.pl --countname us --minwidth 0 made of our folded lines
  speedscope-folded SAVED.json      what speedscope saved, in its own format, after it opened our folded lines
  speedscope-pprof SAVED.json       the same of our pprof
Every name must be there with its time on every stack, and no other name. Ends with 1 and what differs if not.
"""
import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

SVG = "{http://www.w3.org/2000/svg}"


# --- what footfall says --------------------------------------------------------------------------------------------------


def samples_of(stacks, state):
    return [sample for sample in stacks["samples"] if (sample["state"] == "running") == (state == "running")]


def folded_name(name):
    """As output/folded/folded_stacks.h has it."""
    return name.replace(", ", ",").replace(" ", "_").replace(";", ":") or "[unknown]"


def folded_stack(stacks, sample):
    functions = [function["name"] for index in sample["locations"] for function in stacks["locations"][index]["functions"]]
    broken = [] if sample["complete"] else ["[incomplete:" + sample["stop"] + "]"]
    return [folded_name(name) for name in [sample["service"], sample["thread"], *broken, *functions]]


def svg_stack(stacks, sample):
    """flamegraph.pl has parentheses in the place of angle brackets."""
    return [name.replace("<", "(").replace(">", ")") for name in folded_stack(stacks, sample)]


def pprof_stack(stacks, sample):
    """As speedscope has it: of a location with inlined functions it takes the one that they are inlined into."""
    return [stacks["locations"][index]["functions"][-1]["name"] for index in sample["locations"]]


def sums(stacks, samples, stack_of):
    """Seconds by name, and how many numbers each is the sum of: a name counts as often as it is on a stack."""
    seconds, counts = collections.Counter(), collections.Counter()
    for sample in samples:
        for name in stack_of(stacks, sample):
            seconds[name] += sample["seconds"]
            counts[name] += 1
    return seconds, counts


# --- what a reader says ---------------------------------------------------------------------------------------------------


def without_kind(name):
    return re.sub(r"_\[[kij]\]$", "", name)


def read_svg(path):
    seconds, everything = collections.Counter(), 0
    for title in xml.etree.ElementTree.parse(path).iter(SVG + "title"):
        name, micros = re.fullmatch(r"(.*) \(([\d,]+) us, [\d.]+%\)", title.text, re.S).groups()
        if name == "all":
            everything = int(micros.replace(",", "")) / 1e6
        else:
            seconds[without_kind(name)] += int(micros.replace(",", "")) / 1e6
    return seconds, everything


def read_speedscope(path, unit, per_second):
    saved = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    (profile,) = saved["profiles"]
    if (profile["type"], profile["unit"]) != ("evented", unit):
        sys.exit(f"speedscope took it for {profile['type']} in {profile['unit']}, expected evented in {unit}")
    names = [frame["name"] for frame in saved["shared"]["frames"]]
    seconds = collections.Counter()
    for event in profile["events"]:
        seconds[without_kind(names[event["frame"]])] += {"O": -1, "C": 1}[event["type"]] * event["at"] / per_second
    return seconds, (profile["endValue"] - profile["startValue"]) / per_second


# Which names a stack has there, how to read the file, and what one number may be off by: folded lines are in whole microseconds.
READERS = {
    "flamegraph.pl": (svg_stack, read_svg, 1e-6),
    "speedscope-folded": (folded_stack, lambda path: read_speedscope(path, "none", 1e6), 1e-6),
    "speedscope-pprof": (pprof_stack, lambda path: read_speedscope(path, "nanoseconds", 1e9), 1e-9),
}


def main():
    session, state, reader, path = sys.argv[1:]
    stack_of, read, off_by = READERS[reader]
    stacks = json.loads(pathlib.Path(session).read_text(encoding="utf-8"))["stacks"]
    samples = samples_of(stacks, state)
    expected, counts = sums(stacks, samples, stack_of)
    found, found["all of it"] = read(path)
    expected["all of it"], counts["all of it"] = sum(sample["seconds"] for sample in samples), len(samples)

    wrong = [f"{name}: {found[name]:.9f} s, footfall says {expected[name]:.9f}" for name in sorted(set(expected) | set(found))
             if name not in expected or name not in found or abs(expected[name] - found[name]) > off_by * counts[name]]
    wrong += [] if len(samples) >= 10 else [f"{len(samples)} stacks only: that says nothing"]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    print(f"ok: {len(expected)} names, {expected['all of it']:.6f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
