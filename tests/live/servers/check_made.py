#!/usr/bin/env python3
"""Holds the names of functions that live for milliseconds against their files.

check_made.py SESSION.json

SESSION.json is of `interpreters.py made`, whose functions made_N are of the file <made N>. Ends with 1 if one of them has
another's file, or if fewer than 20 were seen.
"""
import json
import pathlib
import re
import sys


def main():
    stacks = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["stacks"]
    made = {(function["name"], function["file"]) for location in stacks["locations"] if location["module"] == "[python]"
            for function in location["functions"] if re.match(r"made_\d+$", function["name"])}
    wrong = [(name, file) for name, file in made if file != f"<made {name.removeprefix('made_')}>"]
    print(f"{len(made)} functions, {len(wrong)} with another's file: {wrong[:3]}; {stacks['completeness']['script_stops']}")
    return 0 if len(made) >= 20 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
