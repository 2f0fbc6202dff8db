#!/usr/bin/env python3
"""check_calls.py TRUTH SESSION.json LEAST [HOT…]: each function of the session that callee counted has exactly its calls, and there
are LEAST of them; fails with the first that have not. With HOT, a budget was kept to: those are hot, and hot ones have at most their
calls. Of the others one may lack, as calls that come in the moment of a change do."""
import json
import sys


def by_name(session, what):
    found = {}
    for file in session["function_files"]:
        for function in file["functions"]:
            for name in [function["function"], *function.get("aliases", [])]:
                found[name] = what(function)
    return found


def main():
    truth_file, session_file, least, *are_hot = sys.argv[1:]
    with open(session_file, encoding="utf-8") as text:
        session = json.load(text)
    found = by_name(session, lambda function: function.get("calls", function.get("not_counted")))
    hot = by_name(session, lambda function: function.get("hot", False))
    with open(truth_file, encoding="utf-8") as text:
        truth = {name: int(count) for count, name in (line.split() for line in text)}
    def is_right(name, count):
        calls = found.get(name, count)
        return 0 < calls <= count if hot.get(name) else count - (1 if are_hot else 0) <= calls <= count

    wrong = [f"{name}: {found[name]} calls, expected {count}" for name, count in truth.items() if not is_right(name, count)]
    wrong += [f"{name} is not hot" for name in are_hot if not hot.get(name)]
    held = sum(1 for name in truth if name in found)
    print(f"{held - len(wrong)} of {held} functions are right")
    for line in wrong[:10]:
        print(line)
    sys.exit(1 if wrong or held < int(least) else 0)


if __name__ == "__main__":
    main()
