#!/usr/bin/env python3
"""check_java.py TRUTH SESSION PERCENT [THREAD...]: whether the Java frames of a session's stacks are those that the virtual
machine itself told of (Stations.java), in order, with file and line. At least PERCENT of each thread's samples that are in
the known place have to be; the rest may be on their way into it. Further threads have to be there, too."""
import json
import re
import sys

# Frames that the virtual machine leaves out of its own traces (@Hidden): what makes lambdas and method handles work.
HIDDEN = re.compile(r"\$\$Lambda|^java\.lang\.invoke\.|^java\.lang\.Thread\.runWith$|"
                    r"DirectMethodHandleAccessor\.invokeImpl$")
PLACE = "Stations.stay"
HEAP = "[frames in the heap]"
LEAST = 20


def frames_of(stacks, sample):
    found = []
    for index in sample["locations"]:
        location = stacks["locations"][index]
        if location["module"] != "[jvm]":
            continue
        for function in location["functions"]:
            found.append((function["name"], function["file"] or "null", function["line"] or 0))
    return [frame for frame in found
            if frame[0] == HEAP or not HIDDEN.search(frame[0]) and "." in frame[0] and " " not in frame[0]]


def agrees(frames, truth):
    """From the known place on, whose line may be any."""
    names = [frame[0] for frame in frames]
    if PLACE not in names:
        return None
    frames = frames[names.index(PLACE):]
    told = [f"{name} {file}:{line}" for name, file, line in frames]
    known = [frame for frame in truth if not HIDDEN.search(frame.split(" ")[0])]
    if known[-1].startswith("java.lang.VirtualThread."):
        # What lies further out is its carrier's; what lies in the heap is left out, and said to be.
        heap = next((i for i, frame in enumerate(told) if frame.startswith(HEAP)), len(known))
        told, known = told[:heap][:len(known)], known[:heap]
    return told[0].rsplit(":", 1)[0] == known[0].rsplit(":", 1)[0] and told[1:] == known[1:]


def main():
    truth_file, session_file, percent, *wanted = sys.argv[1:]
    truths = {}
    with open(truth_file, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"thread"'):
                truth = json.loads(line)
                truths.setdefault(truth["thread"], []).append(truth["frames"])
    with open(session_file, encoding="utf-8") as file:
        stacks = json.load(file)["stacks"]
    wrong = [f"no truth of {thread}" for thread in wanted if thread not in truths] + ([] if truths else ["no truth at all"])
    for thread, known in truths.items():
        right = total = 0
        example = None
        for sample in stacks["samples"]:
            if sample["thread"] != thread[:15] or sample["state"] != "running":
                continue
            frames = frames_of(stacks, sample)
            verdicts = [agrees(frames, truth) for truth in known]
            verdict = any(verdicts)
            if verdicts[0] is None:
                continue
            total += sample["samples"]
            right += sample["samples"] if verdict else 0
            example = example if verdict else frames
        share = 100 * right / max(total, 1)
        print(f"{thread}: {right} of {total} samples are right")
        if total < LEAST or share < float(percent):
            wrong.append(f"{thread}: {right} of {total} samples are right, expected {percent} %\n  truth {known}\n  found {example}")
    if wrong:
        sys.exit("\n".join(wrong))


main()
