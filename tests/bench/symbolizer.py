#!/usr/bin/env python3
"""Symbolizes random addresses of a file with DWARF, with footfall's worker and with llvm-symbolizer-14, and compares time,
peak memory and every answer.   symbolizer.py BENCH_PROGRAM FILE [DEBUG_FILE] [--addresses N] [--show N]"""
import argparse
import collections
import os
import random
import subprocess
import sys
import tempfile
import time

PEER = "llvm-symbolizer-14"


def code_ranges(path):
    """Of the sections with code, as readelf tells."""
    ranges = []
    out = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        words = line.replace("[ ", "[").split()
        if len(words) > 8 and words[0].startswith("[") and "X" in words[7] and int(words[5], 16) > 0:
            ranges.append((int(words[3], 16), int(words[5], 16)))
    return ranges


def random_addresses(path, count):
    rng = random.Random(1)
    ranges = code_ranges(path)
    picked = rng.choices(ranges, weights=[size for _, size in ranges], k=count)
    return [start + rng.randrange(size) for start, size in picked]


def run(command, addresses):
    """Its output, seconds, and the peak memory in MiB of the biggest process that it was."""
    with tempfile.TemporaryFile("w+") as questions, tempfile.TemporaryFile("w+") as answers:
        questions.write("".join(f"0x{address:x}\n" for address in addresses))
        questions.seek(0)
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=questions, stdout=answers, stderr=subprocess.PIPE, text=True)
        notes = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = status
        if status != 0:
            sys.exit(f"{command[0]} failed: {notes}")
        answers.seek(0)
        return answers.read(), seconds, usage.ru_maxrss / 1024, notes


def parse(text, with_column):
    """For each address, its frames: (function, file, line)."""
    result = []
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        frames = []
        for function, place in zip(lines[::2], lines[1::2]):
            place = place.rsplit(":", 2 if with_column else 1)
            frames.append((function, os.path.normpath(place[0]) if place[0] != "??" else "", int(place[1])))
        result.append(frames)
    return result


def aliases(path):
    """Of each function symbol, the address."""
    found = {}
    for flag in ("", "-D", "-C", "-DC"):
        command = ["nm", "--without-symbol-versions"] + ([flag] if flag else []) + [path]
        for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines():
            words = line.split(" ", 2)
            if len(words) == 3 and words[0]:
                found[words[2]] = words[0]
    return found


def kind_of_difference(ours, theirs, symbols):
    if ours[-1][2] == 0 and theirs[-1][1].endswith((".o", ".c", ".cc", ".cpp", ".S")) and ours[-1][0] == theirs[-1][0]:
        return "explained: no DWARF here, they show the object that the symbol table names before it"
    if theirs[-1][0] == "_init" and ours[-1][0] == "??":
        return "explained: in the PLT, which they take for a part of the section before it"
    if theirs[-1][0] == "??" and ours[-1][0] in symbols:
        return "explained: they do not read the symbol table of the debug file"
    if len(ours) == len(theirs):
        repeated = [f[1] == o[1] or f[1].endswith("/" + o[1]) for o, f in zip(ours, theirs)]
        same = [(o[0], o[2]) for o in ours] == [(f[0], f[2]) for f in theirs]
        if same and all(repeated):
            return "explained: they put the unit's relative directory before a name that has it"
        inner = [(o[0], o[2]) for o in ours[:-1]] == [(f[0], f[2]) for f in theirs[:-1]]
        if inner and all(repeated) and symbols.get(ours[-1][0]) == symbols.get(theirs[-1][0], ""):
            return "explained: another alias of the same symbol"
        if inner and all(repeated) and ours[-1][0].split(".")[0] == theirs[-1][0]:
            return "explained: we show which clone of the function (.cold, .part, .isra), from the symbol table of the debug file"
    if len(ours) != len(theirs):
        return "another number of frames"
    if [f[0] for f in ours] != [f[0] for f in theirs]:
        if [f[1:] for f in ours] == [f[1:] for f in theirs] and [f[0] for f in ours[:-1]] == [f[0] for f in theirs[:-1]]:
            return "another name of the outermost function"
        return "another name"
    if [f[2] for f in ours] != [f[2] for f in theirs]:
        return "another line"
    return "another file"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench")
    parser.add_argument("file")
    parser.add_argument("debug", nargs="?")
    parser.add_argument("--addresses", type=int, default=100_000)
    parser.add_argument("--show", type=int, default=3, help="examples of each kind of difference")
    options = parser.parse_args()
    addresses = random_addresses(options.file, options.addresses)

    ours, our_seconds, _, notes = run([options.bench, options.file] + ([options.debug] if options.debug else []), addresses)
    our_peak = int(notes.split("peak ")[1].split()[0]) / 1024
    theirs, their_seconds, their_peak, _ = run([PEER, "--obj=" + options.file, "--inlines", "--functions=linkage"], addresses)
    print(f"{len(addresses)} addresses of {options.file}, {os.path.getsize(options.debug or options.file) / 2**20:.1f} MiB")
    print(f"  footfall           {our_seconds:6.2f} s  {our_peak:7.1f} MiB   {notes.splitlines()[0]}")
    print(f"  {PEER} {their_seconds:6.2f} s  {their_peak:7.1f} MiB")

    ours, theirs = parse(ours, False), parse(theirs, True)
    if len(ours) != len(theirs):
        sys.exit(f"{len(ours)} answers against {len(theirs)}")
    kinds = collections.defaultdict(list)
    symbols = aliases(options.debug or options.file)
    for address, mine, other in zip(addresses, ours, theirs):
        if mine != other:
            kinds[kind_of_difference(mine, other, symbols)].append((address, mine, other))
    different = sum(len(found) for found in kinds.values())
    open_questions = sum(len(found) for kind, found in kinds.items() if not kind.startswith("explained"))
    print(f"  the same answers   {100 * (1 - different / len(addresses)):.3f} %, different without an explanation: {open_questions}")
    for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"    {kind}: {len(found)}")
        for address, mine, other in found[: options.show]:
            print(f"      {address:#x}\n        ours   {mine}\n        theirs {other}")


main()
