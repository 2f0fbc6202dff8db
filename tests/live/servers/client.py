"""What clients share that are watched, or whose servers are, and that count themselves: they say "ready" when their connections
are made and used, wait for a line, do their work in threads, and print what they counted since as JSON:
{operation: {outcome: uses}}, where the outcome of a success is "ok". Exit code 77 with "skip: REASON" on stderr if they can't run.
"""
import collections
import json
import os
import sys
import threading


def skip(reason):
    print("skip:", reason, file=sys.stderr)
    sys.exit(77)


class Counts:
    def __init__(self):
        self.lock = threading.Lock()
        self.operations = collections.defaultdict(collections.Counter)

    def add(self, operation, outcome):
        with self.lock:
            self.operations[operation][outcome] += 1


def run(counts, work, finish=None):
    """Each of work is called in a thread of its own, and finish after them."""
    print("ready", flush=True)
    sys.stdin.readline()
    counts.operations.clear()
    failed = []

    def guarded(part):
        try:
            part()
        except Exception as error:  # whatever it is, the case has failed
            failed.append(repr(error))

    threads = [threading.Thread(target=guarded, args=(part,)) for part in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if finish and not failed:
        guarded(finish)
    if failed:
        sys.exit("; ".join(failed[:3]))
    print(json.dumps(counts.operations), flush=True)
    sys.stdin.readline()
    # Libraries say good-bye on their connections, each in its way: not a part of what is counted.
    sys.stdout.flush()
    os._exit(0)
