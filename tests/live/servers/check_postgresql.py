#!/usr/bin/python3
"""check_postgresql.py SCENARIO: a PostgreSQL of its own under a bounded load, watched by footfall ($FOOTFALL).

What footfall counts is held against pg_stat_statements (pgbench scenarios), or against what the load is known to do. Prints
what is wrong, and ends with 1 then; 77 if this machine lacks something. Scenarios: see SCENARIOS.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

BINARIES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
CLIENTS = 4
PATIENCE = 30


def skip(reason):
    print(f"skip: {reason}", file=sys.stderr)
    sys.exit(77)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A fresh cluster with a small pgbench in it, on TCP and on a Unix socket."""

    def __init__(self, directory):
        self.port = free_port()
        self.directory = directory
        self.data = directory / "data"
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        directory.chmod(0o777)
        subprocess.run([BINARIES[-1] / "initdb", "-D", self.data, "--auth=trust", "-U", "postgres", "-E", "UTF8", "--locale=C",
                        "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=directory, **user)
        options = ["jit=off", "fsync=off", "shared_preload_libraries=pg_stat_statements", "autovacuum=off"]
        self.process = subprocess.Popen([BINARIES[-1] / "postgres", "-D", self.data, "-p", str(self.port), "-h", "127.0.0.1",
                                         "-k", str(directory), *[word for option in options for word in ("-c", option)]],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=directory,
                                        start_new_session=True, **user)
        for _ in range(500):
            if subprocess.run([BINARIES[-1] / "pg_isready", "-q", *self.where()], check=False).returncode == 0:
                break
            time.sleep(0.05)
        self.psql("create extension pg_stat_statements")
        subprocess.run([BINARIES[-1] / "pgbench", "-q", "-i", *self.where(), "postgres"], check=True, stderr=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)

    def where(self, unix=False):
        return ["-h", str(self.directory) if unix else "127.0.0.1", "-p", str(self.port), "-U", "postgres"]

    def psql(self, *texts, unix=False, check=True, stdin=None):
        words = [word for text in texts for word in ("-c", text)]
        done = subprocess.run([BINARIES[-1] / "psql", "-XAtq", *self.where(unix), *words, "postgres"], check=check, text=True,
                              capture_output=True, input=stdin)
        return done.stdout

    def calls(self):
        """{operation: calls} of pg_stat_statements."""
        found = collections.Counter()
        for line in self.psql("select calls, regexp_replace(query, '\\s+', ' ', 'g') from pg_stat_statements").splitlines():
            calls, query = line.split("|", 1)
            found[operation_of(query)] += int(calls)
        return found

    def pgbench(self, mode, transactions, unix=False):
        return [str(BINARIES[-1] / "pgbench"), "-n", "-M", mode, "-c", str(CLIENTS), "-j", "1", "-t", str(transactions),
                *self.where(unix), "postgres"]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)


def operation_of(query):
    """By a few patterns, which is enough for these loads."""
    verb = query.split()[0].upper().rstrip(";")
    verb = {"END": "COMMIT"}.get(verb, verb)
    table = re.search(r"\b(?:from|into|update) ([\w.]+)", query, re.I)
    return f"{verb} {table[1]}" if table and verb in ("SELECT", "INSERT", "UPDATE", "DELETE") else verb


class Watch:
    """footfall on a process, or around a command."""

    def __init__(self, *target):
        command = [os.environ["FOOTFALL"], "record", "--json", "--stacks", "none", *target]
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.stderr, text=True)
        self.session = None
        deadline = time.monotonic() + PATIENCE
        while "--" not in target and "recording" not in self.said() and time.monotonic() < deadline:
            time.sleep(0.02)

    def said(self):
        return os.pread(self.stderr.fileno(), 4096, 0).decode()

    def end(self, stop=True):
        if stop:
            time.sleep(0.3)
            self.process.send_signal(signal.SIGINT)
        stdout = self.process.communicate(timeout=PATIENCE)[0]
        self.session = json.JSONDecoder().raw_decode(stdout[re.search(r'^\{\s*"schema"', stdout, re.M).start():])[0]
        return self

    def uses(self, role):
        return {row["operation"]: row["uses"] for row in self.session["operations"]
                if row["role"] == role and row["kind"] == "postgresql"}

    def outcomes(self, role):
        return {row["operation"]: dict(row["outcomes"]) for row in self.session["operations"]
                if row["role"] == role and row["kind"] == "postgresql"}

    def wrong(self, may_lose=0):
        """What every session must keep."""
        accounting = self.session["accounting"]
        exchanges = accounting["exchanges"]
        wrong = []
        lost = sum(exchanges["lost"].values()) + sum(accounting["dropped"].values())
        if lost > may_lose:
            wrong.append(f"lost {exchanges['lost']}, dropped {accounting['dropped']}")
        if exchanges["started"] != exchanges["used"] + sum(exchanges["lost"].values()):
            wrong.append(f"started ≠ used + lost: {exchanges}")
        return wrong


def differences(what, seen, true):
    return [f"{what} {name}: {seen.get(name, 0)}, expected {true.get(name, 0)}"
            for name in sorted(set(seen) | set(true)) if seen.get(name, 0) != true.get(name, 0)]


def pgbench(cluster, mode, side, unix=False):
    """N calls are N uses, of each statement."""
    transactions = 250
    cluster.psql("select pg_stat_statements_reset()")
    if side == "server":
        watch = Watch("-p", str(cluster.process.pid))
        subprocess.run(cluster.pgbench(mode, transactions, unix), check=True, stdout=subprocess.DEVNULL)
        watch.end()
    else:
        watch = Watch("--", *cluster.pgbench(mode, transactions, unix)).end(stop=False)
    true = cluster.calls()
    for name in list(true):  # what the checks themselves ask
        if "pg_stat_statements" in name or name in ("SELECT", "CREATE"):
            del true[name]
    if mode == "prepared":  # PostgreSQL 15 counts a cached utility statement once only
        true["BEGIN"] = true["COMMIT"] = transactions * CLIENTS
    return differences(side, watch.uses(side), true) + watch.wrong()


def late(cluster, mode, unix=False):
    """footfall comes in the middle: what it counts lies between what was called while it surely watched, and what was called
    since it was started."""
    load = subprocess.Popen(cluster.pgbench(mode, 1200, unix), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    before = cluster.calls()
    watch = Watch("-p", str(cluster.process.pid))
    after = cluster.calls()
    load.wait()
    watch.end()
    wrong = watch.wrong(may_lose=CLIENTS)
    total = cluster.calls()
    uses = watch.uses("server")
    own = {name for name in uses if name.startswith("SELECT pg_stat_statements") or name == "SELECT"}
    names = {name for name in total if "pgbench" in name}
    if mode == "prepared":
        seen = uses.get("EXECUTE {unknown}", 0)
        least, most = (sum(total[name] - some[name] for name in names) * 7 // 5 for some in (after, before))
        wrong += [] if least - 7 * CLIENTS <= seen <= most + 7 * CLIENTS else [f"{seen} uses, expected {least} to {most}"]
        names = {"EXECUTE {unknown}"}
    else:
        names |= {"BEGIN", "COMMIT"}
        for name in sorted(names):
            least, most = total[name] - after[name] - CLIENTS, total[name] - before[name]
            if not least <= uses.get(name, 0) <= most:
                wrong.append(f"{name}: {uses.get(name, 0)} uses, expected {least} to {most}")
    return wrong + [f"{name}: {uses[name]} uses, but nobody asked for it" for name in set(uses) - names - own]


def encrypted(cluster):
    """TLS, which each connection agrees on in clear text: each backend is seen from its first statement on."""
    key, certificate = cluster.data / "server.key", cluster.data / "server.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout", key,
                    "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    owner = cluster.data.stat()
    for path in (key, certificate):
        os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(0o600)
    cluster.psql("alter system set ssl = on", "select pg_reload_conf()")
    os.environ["PGSSLMODE"] = "require"
    return [wrong for side in ("server", "client") for mode in ("simple", "prepared") for wrong in pgbench(cluster, mode, side)]


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def steps(*statements):
    """Each statement as Parse, Bind and Execute, unnamed, without a Sync."""
    return b"".join(message(b"P", b"\0" + text.encode() + b"\0\0\0") + message(b"B", b"\0\0\0\0\0\0\0\0") +
                    message(b"E", b"\0\0\0\0\0") for text in statements)


class Bare:
    """A connection that says what it is told, byte by byte: what libpq's clients of this release can't be made to say."""

    def __init__(self, cluster):
        self.socket = socket.create_connection(("127.0.0.1", cluster.port))
        body = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
        self.ask(struct.pack("!i", len(body) + 4) + body)

    def ask(self, what, ready=1):
        """Sends, and reads until as many ReadyForQuery have come."""
        self.socket.sendall(what)
        buffer = b""
        while ready:
            buffer += self.socket.recv(65536)
            while len(buffer) >= 5 and len(buffer) > (length := struct.unpack("!i", buffer[1:5])[0]):
                ready -= buffer[:1] == b"Z"
                buffer = buffer[length + 1:]


SYNC = message(b"S", b"")


def corners(cluster):
    """Scripts, COPY, errors, pipelines, long results, a cancel and a client that is killed."""
    cluster.psql("create table t (id int primary key, name text)")
    watch = Watch("-p", str(cluster.process.pid))
    cluster.psql("insert into t values (1, 'a'); insert into t values (2, 'b;c'); select count(*) from t")
    cluster.psql("copy t from stdin", stdin="3\tc\n4\td\n")
    cluster.psql("\\copy t from stdin", stdin="".join(f"{i}\tsome longer text of a row {i}\n" for i in range(10, 100010)))
    cluster.psql("copy t to stdout")
    cluster.psql("select * from missing", check=False)
    cluster.psql("insert into t values (1, 'x')", check=False)
    cluster.psql("selekt 1", check=False)
    cluster.psql("update t set name = 'y' where id = 1; select 1 / 0 from t; delete from t", check=False)
    for rows in (1000, 100000):
        cluster.psql(f"table t limit {rows}")
    bare = Bare(cluster)
    insert = "INSERT INTO t VALUES ({}, 'p')"
    bare.ask(steps(*[insert.format(-i) for i in range(1, 6)]) + SYNC)
    bare.ask(steps(insert.format(-6), insert.format(-1), insert.format(-7)) + SYNC)  # the second fails, the third is skipped
    bare.ask((steps("SELECT 1 FROM t LIMIT 1") + SYNC) * 3, ready=3)
    bare.ask(message(b"Q", b"\0"))
    bare.ask(message(b"P", b"\0DECLARE c CURSOR FOR SELECT 1\0\0\0") + SYNC)
    cancelled = subprocess.Popen([BINARIES[-1] / "psql", "-XAtqc", "select pg_sleep(20), 1 from pg_class", *cluster.where(),
                                  "postgres"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    killed = subprocess.Popen([BINARIES[-1] / "psql", "-XAtqc", "select pg_sleep(1), 2 from pg_namespace", *cluster.where(),
                               "postgres"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    cancelled.send_signal(signal.SIGINT)
    killed.kill()
    cancelled.wait()
    killed.wait()
    time.sleep(5)
    watch.end()
    true = {
        "INSERT t": {"ok": 2 + 5 + 0, "23505": 1 + 1},
        "SELECT t": {"ok": 1 + 2 + 3, "22012": 1},
        "COPY t": {"ok": 3},
        "SELECT missing": {"42P01": 1},
        "_OTHER": {"42601": 1, "ok": 1},
        "UPDATE t": {"ok": 1},
        "SELECT pg_class": {"57014": 1},
    }
    seen = watch.outcomes("server")
    # The first insert of the failed pipeline had run, though its transaction was undone.
    true["INSERT t"]["ok"] += 1
    killed_outcome = seen.pop("SELECT pg_namespace", {})
    wrong = [f"{name}: {seen.get(name)}, expected {true.get(name)}" for name in sorted(set(seen) | set(true))
             if seen.get(name) != true.get(name)]
    if sum(killed_outcome.values()) != 1:
        wrong.append(f"the killed client's statement: {killed_outcome}")
    return wrong + watch.wrong()


def psycopg(cluster):
    """A driver that names its statements by SQL, fetches through a cursor, and copies."""
    try:
        import psycopg2
    except ImportError:
        skip("python3-psycopg2 is not installed")
    cluster.psql("create table t (id int)")
    watch = Watch("-p", str(cluster.process.pid))
    connection = psycopg2.connect(host="127.0.0.1", port=cluster.port, user="postgres", dbname="postgres")
    with connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO t VALUES (%s)", [(i,) for i in range(50)])
        cursor.execute("PREPARE p AS SELECT * FROM t WHERE id = $1")
        for i in range(20):
            cursor.execute("EXECUTE p (%s)", (i,))
    with connection, connection.cursor("fetching") as cursor:
        cursor.itersize = 10
        cursor.execute("SELECT * FROM t")
        assert len(list(cursor)) == 50
    connection.close()
    watch.end()
    true = {"BEGIN": 2, "COMMIT": 2, "INSERT t": 50, "PREPARE t": 1, "EXECUTE": 20, "DECLARE t": 1, "FETCH": 6, "CLOSE": 1}
    return differences("server", watch.uses("server"), true) + watch.wrong()


SCENARIOS = {
    **{f"{mode}-{side}": (lambda cluster, mode=mode, side=side: pgbench(cluster, mode, side))
       for mode in ("simple", "extended", "prepared") for side in ("server", "client")},
    **{f"{mode}-unix": (lambda cluster, mode=mode: pgbench(cluster, mode, "server", unix=True))
       for mode in ("simple", "prepared")},
    **{f"{mode}-late": (lambda cluster, mode=mode: late(cluster, mode)) for mode in ("simple", "extended", "prepared")},
    "unix-late": lambda cluster: late(cluster, "simple", unix=True),
    "corners": corners,
    "encrypted": encrypted,
    "psycopg": psycopg,
}


def main():
    if not BINARIES:
        skip("postgresql is not installed")
    if not (BINARIES[-1].parents[2] / f"../share/postgresql/{BINARIES[-1].parent.name}/extension/pg_stat_statements.control").exists():
        skip("pg_stat_statements is not installed")
    with tempfile.TemporaryDirectory(prefix="footfall-postgresql-", ignore_cleanup_errors=True) as name:
        cluster = Cluster(pathlib.Path(name))
        with contextlib.ExitStack() as stack:
            stack.callback(cluster.stop)
            wrong = SCENARIOS[sys.argv[1]](cluster)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
