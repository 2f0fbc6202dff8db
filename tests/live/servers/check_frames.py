#!/usr/bin/env python3
"""Holds the script frames of samples against what the interpreter itself said of its stacks.

check_frames.py STACKS.json SESSION.json [PERCENT]

STACKS.json is of frames.py, SESSION.json `footfall report --json` of a recording of it. Prints what it compared, and ends with 1
unless at least PERCENT (default 98) of the samples on the CPU are one of these stacks, with function, file and line of every
frame, and every stack was met.
"""
import collections
import json
import pathlib
import sys


def main():
    stacks = {tuple((f[0], f[1], f[2]) for f in stack) for stack in json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))}
    session = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))["stacks"]
    least = float(sys.argv[3]) if len(sys.argv) > 3 else 98
    right, wrong, met = 0, collections.Counter(), set()
    for sample in session["samples"]:
        frames = []
        for location in sample["locations"]:
            at = session["locations"][location]
            if at["module"] == "[python]":
                frames += [(f["name"], f["file"], f["line"]) for f in at["functions"]]
        stands = bool(frames) and frames[0][0] == "stand"
        if sample["state"] != "running" or not stands:
            continue  # starting, ending, importing: the stacks of which nobody knows
        # Before it stands, it runs the lines that say where it is.
        if frames[0][2] != place_of_standing(stacks):
            continue
        if tuple(frames) in stacks:
            right += sample["samples"]
            met.add(tuple(frames))
        else:
            wrong[(tuple(frames), sample["script_stop"])] += sample["samples"]
    for (frames, stop), samples in wrong.most_common(3):
        print("WRONG ", samples, stop, text_of(frames), file=sys.stderr)
    for frames in sorted(stacks - met)[:3]:
        print("NEVER ", text_of(frames), file=sys.stderr)
    everything = right + sum(wrong.values())
    share = 100 * right / max(everything, 1)
    completeness = session["completeness"]
    is_right = everything >= 50 and share >= least and met == stacks
    print(f"{right} of {everything} samples ({share:.1f} %) are the interpreter's own stacks; {len(met)} of {len(stacks)} stacks met; "
          f"{completeness['script_stops']}", file=sys.stdout if is_right else sys.stderr)
    return 0 if is_right else 1


def text_of(frames):
    """The innermost frames, on a line."""
    return " < ".join(f"{name} {pathlib.PurePath(file or '-').name}:{line}" for name, file, line in frames[:6])


def place_of_standing(stacks):
    return next(iter(stacks))[0][2]


if __name__ == "__main__":
    sys.exit(main())
