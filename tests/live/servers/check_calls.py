#!/usr/bin/env python3
"""check_calls.py TRUTH SESSION.json LEAST: each function of the session that callee counted has exactly its calls, and there are LEAST
of them; fails with the first that have not."""
import json
import sys


def calls_by_name(session):
    found = {}
    for file in session["function_files"]:
        for function in file["functions"]:
            for name in [function["function"], *function.get("aliases", [])]:
                found[name] = function.get("calls", function.get("not_counted"))
    return found


def main():
    truth_file, session_file, least = sys.argv[1:]
    with open(session_file, encoding="utf-8") as text:
        found = calls_by_name(json.load(text))
    with open(truth_file, encoding="utf-8") as text:
        truth = {name: int(count) for count, name in (line.split() for line in text)}
    wrong = [f"{name}: {found[name]} calls, expected {count}" for name, count in truth.items() if found.get(name, count) != count]
    held = sum(1 for name in truth if name in found)
    print(f"{held - len(wrong)} of {held} functions are right")
    for line in wrong[:10]:
        print(line)
    sys.exit(1 if wrong or held < int(least) else 0)


if __name__ == "__main__":
    main()
