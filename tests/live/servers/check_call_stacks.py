#!/usr/bin/env python3
"""check_call_stacks.py TRUTH.json SESSION.json MOST_POINTS: holds sampled stacks of calls against what a spender says of itself.

TRUTH.json is a spender's output (spender.cc says what each route calls), SESSION.json is `footfall report --json`. Ends with 1
unless all stacks are complete, each function's calls are all there, and the share of look_up()'s calls that GET /light made,
30 %, is right within MOST_POINTS percentage points, and weigh()'s are all GET /heavy's.
"""
import collections
import json
import pathlib
import sys


def main():
    truth, session = (json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3])
    uses = {route: values["uses"] for route, values in truth["routes"].items()}
    stacks = session["call_stacks"]
    calls = collections.defaultdict(collections.Counter)
    for sample in stacks["samples"]:
        calls[sample["function"].split("::")[-1]][sample["operation"]] += sample["samples"]
    look_up, weigh = calls["look_up()"], calls["weigh()"]
    share = 100 * look_up["http GET /light"] / sum(look_up.values())
    expected = 300 * uses["/light"] / (3 * uses["/light"] + 7 * uses["/heavy"])
    checks = [
        (f"stacks {stacks['completeness']['complete']} of {stacks['completeness']['user_stacks']} complete",
         stacks["completeness"]["complete"] == stacks["completeness"]["user_stacks"] > 100),
        (f"look_up {dict(look_up)}", abs(sum(look_up.values()) - 3 * uses["/light"] - 7 * uses["/heavy"]) <= 4),
        (f"look_up for /light {share:.1f} % of {expected:.1f}", abs(share - expected) <= float(sys.argv[3])),
        (f"weigh {dict(weigh)}", weigh["http GET /heavy"] == uses["/heavy"] and len(weigh) == 1),
        (f"dropped {session['accounting']['dropped']}", not session["accounting"]["dropped"]),
    ]
    for text, right in checks:
        print(text if right else f"WRONG {text}")
    return 0 if all(right for _, right in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
