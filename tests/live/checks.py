"""What a case may EXPECT. A check returns the list of what is wrong; an empty list is a pass."""
import collections
import json
import os
import re
import shlex

import stack_checks

ROLES = ("server", "client")
EMULATED = "EMULATED" in os.environ  # tests/vm


def accounting(session):
    """The law of DESIGN §1 for events, received = exported + Σ dropped, and for exchanges, started = used + Σ lost."""
    events, exchanges = session["accounting"], session["accounting"]["exchanges"]
    wrong = []
    if events["received"] != events["exported"] + sum(events["dropped"].values()):
        wrong.append(f"received {events['received']} ≠ exported {events['exported']} + dropped {events['dropped']}")
    if exchanges["started"] != exchanges["used"] + sum(exchanges["lost"].values()):
        wrong.append(f"exchanges started {exchanges['started']} ≠ used {exchanges['used']} + lost {exchanges['lost']}")
    if exchanges["used"] != sum(row["uses"] for row in session["operations"]):
        wrong.append(f"{exchanges['used']} exchanges used, but the operations have another sum")
    return wrong


def losses(session):
    """{reason: number} of every event and exchange that was lost."""
    both = collections.Counter(session["accounting"]["dropped"]) + collections.Counter(session["accounting"]["exchanges"]["lost"])
    return {reason: count for reason, count in both.items() if count}


def _rows(session, role, kinds=("http",)):
    rows = collections.defaultdict(lambda: {"uses": 0, "errors": 0, "bytes_in": 0, "bytes_out": 0, "outcomes": collections.Counter()})
    for operation in session["operations"]:
        if operation["role"] == role and operation["kind"] in kinds:
            row = rows[operation["operation"]]
            for key in ("uses", "errors", "bytes_in", "bytes_out"):
                row[key] += operation[key]
            row["outcomes"].update(operation["outcomes"])
    return rows


def same_as_log(session, role, answered, only_uses=False, kinds=("http",)):
    """Each operation has exactly the uses (and statuses, errors, bytes) that the server's own count has, and there is no other."""
    wrong = []
    rows = _rows(session, role, kinds)
    for operation in sorted(set(rows) | set(answered)):
        seen, true = rows[operation], answered.get(operation)
        if true is None:
            wrong.append(f"{role} {operation}: {seen['uses']} uses that the log does not have")
        elif seen["uses"] != true.uses:
            wrong.append(f"{role} {operation}: {seen['uses']} uses, the log has {true.uses}")
        elif not only_uses:
            wrong += _same_details(role, operation, seen, true)
    return wrong


def same_as_log_but_cut(session, role, answered, limit):
    """Each operation has exactly the log's uses, but up to `limit` of them all may be cut where the log has their status."""
    wrong = same_as_log(session, role, answered, only_uses=True)
    all_cut = 0
    for operation, seen in _rows(session, role).items():
        true = answered.get(operation)
        if true is None:
            continue
        too_many = seen["outcomes"] - true.statuses
        cut = too_many.pop("reset", 0) + too_many.pop("closed", 0)
        errors = seen["errors"] - true.errors
        if too_many or errors < cut:
            wrong.append(f"{role} {operation}: {seen['errors']} errors, outcomes {dict(seen['outcomes'])}, the log has {dict(true.statuses)}")
        all_cut += errors
    return wrong + ([f"{role}: {all_cut} uses were cut, expected {limit} at most"] if all_cut > limit else [])


def _same_details(role, operation, seen, true):
    wrong = []
    if any(seen["outcomes"][status] != count for status, count in true.statuses.items()):
        wrong.append(f"{role} {operation}: outcomes {dict(seen['outcomes'])}, the log has {dict(true.statuses)}")
    cut = true.uses - sum(true.statuses.values())
    refused = sum(count for status, count in true.statuses.items() if "400" <= status < "500")
    errors = true.errors + (refused if role == "client" else 0)
    if seen["errors"] != errors:
        wrong.append(f"{role} {operation}: {seen['errors']} errors, expected {errors} ({cut} cut)")
    if true.request_bytes is not None and "101" not in true.statuses:
        asked, told = ("bytes_in", "bytes_out") if role == "server" else ("bytes_out", "bytes_in")
        if (seen[asked], seen[told]) != (true.request_bytes, true.response_bytes):
            wrong.append(f"{role} {operation}: {seen[asked]} and {seen[told]} bytes asked and answered, "
                         f"expected {true.request_bytes} and {true.response_bytes}")
    return wrong


def no_other_role(session, roles):
    return [f"{row['role']} {row['operation']}: {row['uses']} uses, but nothing in that role was to be seen"
            for row in session["operations"] if row["role"] not in roles and row["kind"] != "command"]


def blind(session, pattern):
    found = [f"{spot['service']}: {spot['reason']}" for spot in session["blind_spots"]]
    if any(re.search(pattern, json.dumps(spot)) for spot in session["blind_spots"]):
        return []
    return [f"no blind spot matches {pattern!r}: {found}"]


class Checker(stack_checks.StackChecks):
    """Holds what a case produced. `results` are the finished footfalls in the order of the case, `run` the RUN line's."""

    def __init__(self, case, servers, results, run, directory):
        self.case = case
        self.servers = servers
        self.results = results
        self.run = run
        self.all = [*results, run] if run else results
        self.directory = directory

    def check(self):
        wrong = []
        roles = {word for line in self.case.expects for word in line.split()[:1] if word in ROLES}
        words = {"lost", "may_lose", *(["may_lose_emulated"] if EMULATED else [])}
        may_lose = any(line.split()[0] in words for line in self.case.expects)
        for result in self.all:
            if result.session is not None:
                wrong += accounting(result.session)
                lost = losses(result.session)
                wrong += [f"lost: {lost}"] if lost and not may_lose else []
                wrong += no_other_role(result.session, roles) if roles else []
        for line in self.case.expects:
            wrong += self.expect(line)
        return wrong

    def expect(self, line):
        word, _, rest = line.partition(" ")
        if word in ROLES:
            return self.log(word, rest.split())
        return getattr(self, word)(rest)

    def sessions(self):
        found = [result.session for result in self.all if result.session is not None]
        if not found:
            raise AssertionError("footfall printed no JSON: " + self.last().stderr[-400:])
        return found

    def last(self):
        return self.all[-1]

    def log(self, role, words):
        """`server log`, `client log 2`: the same as the count of the first (second) server; `server uses`: the uses alone; `server cut N`."""
        if words[0] == "cut":
            return [wrong for session in self.sessions()
                    for wrong in same_as_log_but_cut(session, role, self.servers[0].answered(), int(words[1]))]
        server = self.servers[int(words[1]) - 1 if len(words) > 1 else 0]
        return [wrong for session in self.sessions()
                for wrong in same_as_log(session, role, server.answered(), words[0] == "uses", server.kinds)]

    def uses(self, rest):
        """uses OPERATOR NUMBER: of all operations together, but for the commands that were executed."""
        operator, number = rest.split()
        wrong = []
        for session in self.sessions():
            total = sum(row["uses"] for row in session["operations"] if row["kind"] != "command")
            holds = {"=": total == int(number), ">": total > int(number), "<": total < int(number)}[operator]
            wrong += [] if holds else [f"{total} uses, expected {rest}"]
        return wrong

    def operation(self, rest):
        """operation NUMBER ROLE NAME: the operation has exactly that many uses in that role, and no error."""
        number, role, name = rest.split(" ", 2)
        wrong = []
        for session in self.sessions():
            rows = [row for row in session["operations"] if row["role"] == role and row["operation"] == name]
            seen = sum(row["uses"] for row in rows), sum(row["errors"] for row in rows)
            wrong += [] if seen == (int(number), 0) else [f"{role} {name}: {seen[0]} uses, {seen[1]} errors, expected {number}, 0"]
        return wrong

    def outcome(self, rest):
        """outcome NUMBER OUTCOME ROLE NAME: so many uses of the operation in that role have that outcome ('_' is a space)."""
        number, outcome, role, name = rest.split(" ", 3)
        outcome = outcome.replace("_", " ")
        wrong = []
        for session in self.sessions():
            seen = sum(row["outcomes"].get(outcome, 0) for row in session["operations"] if (row["role"], row["operation"]) == (role, name))
            wrong += [] if seen == int(number) else [f"{role} {name}: {seen} with outcome {outcome!r}, expected {number}"]
        return wrong

    def client_waits(self, _):
        """client_waits: at the median, the client's first byte comes no sooner than the server's, of each operation that has both."""
        wrong = []
        for session in self.sessions():
            first = {(row["operation"], row["role"]): row["time_to_first_byte_seconds"]["p50"] for row in session["operations"]}
            both = [(name, seconds, first[name, "server"]) for (name, role), seconds in first.items()
                    if role == "client" and (name, "server") in first]
            wrong += [] if both else ["no operation was seen at both ends"]
            wrong += [f"{name}: the client had its first byte after {client:.6f} s, the server gave it after {server:.6f} s"
                      for name, client, server in both if client < server]
        return wrong

    def may_lose(self, pattern):
        """may_lose REGEX: what was lost, if anything, has a reason that matches."""
        found = [losses(session) for session in self.sessions()]
        return [f"lost {lost}, expected only {pattern}" for lost in found if not all(re.fullmatch(pattern, reason) for reason in lost)]

    def may_lose_emulated(self, pattern):
        """may_lose_emulated REGEX: the same, on emulated machines only; on others, nothing is lost."""
        return self.may_lose(pattern) if EMULATED else []

    def lost(self, pattern):
        """lost REGEX: something was lost, and each reason matches."""
        nothing = [f"lost nothing, expected {pattern}" for session in self.sessions() if not losses(session)]
        return nothing + self.may_lose(pattern)

    def blind(self, pattern):
        return [wrong for session in self.sessions() for wrong in blind(session, pattern)]

    def exit(self, number):
        found = [result.code for result in ([self.run] if self.run else self.results)]
        return [f"exit code {code}, expected {number}: {self.last().stderr[-300:].strip()}" for code in found if code != int(number)]

    def stdout(self, pattern):
        return [] if re.search(pattern, self.last().stdout, re.M) else [f"stdout has no {pattern!r}: {self.last().stdout[-300:]!r}"]

    def stderr(self, pattern):
        return [] if re.search(pattern, self.last().stderr, re.M) else [f"stderr has no {pattern!r}: {self.last().stderr[-300:]!r}"]

    def lines(self, rest):
        """lines NUMBER [REGEX]: that many lines of stdout (match)."""
        number, _, pattern = rest.partition(" ")
        found = sum(1 for line in self.last().stdout.splitlines() if re.search(pattern, line))
        return [] if found == int(number) else [f"{found} lines of stdout match, expected {number}"]

    def metric(self, rest):
        """metric NUMBER NAME{label="value"…}: the sum of the samples that have these labels, on /metrics after the load."""
        number, pattern = rest.split(" ", 1)
        name, _, labels = pattern.partition("{")
        wanted = shlex.split(labels.rstrip("}").replace(",", " "), posix=False)
        text = self.last().metrics
        total = 0.0
        for line in text.splitlines():
            if line.startswith(name + "{") and all(label in line for label in wanted):
                total += float(line.rsplit(" ", 1)[1])
        return [] if total == float(number) else [f"/metrics: {pattern} is {total}, expected {number}"]

    def file(self, name):
        path = self.directory / name
        return [] if path.is_file() and path.stat().st_size > 0 else [f"{name} is not there or is empty"]
