#!/usr/bin/env python3
"""check_marks.py SESSION.json N: are the first arguments of the probes of `marks … N` (marks.c) what they have to be?

Three threads each hit plain with 0 to N - 1, and copied three times with how often that was hit before; guarded_too has none.
"""
import json
import pathlib
import sys

session = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
count = int(sys.argv[2])
probes = {probe["function"]: probe for probe in session["function_files"][0]["functions"]}


def parts_of(name):
    return {part["name"]: part["calls"] for part in probes[f"usdt:marks:{name}"].get("parts", [])}


copied = [int(value) for value in parts_of("copied")]
print("plain:", parts_of("plain") == {str(i): 3 for i in range(count)})
print("copied:", max(copied) < 9 * count and len(copied) > count)
print("guarded_too:", parts_of("guarded_too"))
