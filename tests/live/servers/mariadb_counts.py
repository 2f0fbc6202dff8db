#!/usr/bin/python3
"""Bounded loads on MariaDB, watched by footfall: each verb must have as many uses as SHOW GLOBAL STATUS counts, at each end that
is watched, and nothing may be lost. Prints footfall's JSON.

    mariadb_counts.py DIRECTORY PID PORT WATCHED LOAD    WATCHED: server, or both (by port); LOAD: a name in LOADS
    mariadb_counts.py DIRECTORY PID PORT late LOAD       footfall comes into the middle of a load that does not end by itself
"""
import json
import os
import signal
import subprocess
import sys
import time

try:
    import MySQLdb
    import MySQLdb.constants.CLIENT
    import pymysql
except ImportError as missing:
    print(f"skip: {missing}", file=sys.stderr)
    sys.exit(77)

# The server's counter of each operation that loads use.
COUNTERS = {
    "BEGIN": "begin", "CALL": "call_procedure", "COMMIT": "commit", "CREATE TABLE": "create_table", "DELETE": "delete",
    "DROP TABLE": "drop_table", "FETCH": "stmt_fetch", "INSERT": "insert", "LOAD": "load", "PREPARE": "stmt_prepare",
    "RESET": "stmt_reset", "ROLLBACK": "rollback", "SELECT": "select", "SET": "set_option", "UPDATE": "update", "USE": "change_db",
    "PING": "admin_commands", "CREATE DATABASE": "create_db", "DROP DATABASE": "drop_db"}
OF_OTHERS = {"stmt_execute", "stmt_close", "stmt_send_long_data", "show_status", "empty_query"}
HOST = "127.0.0.1"


def status(directory):
    connection = MySQLdb.connect(unix_socket=f"{directory}/mariadb.sock", user="root", autocommit=None)
    cursor = connection.cursor()
    cursor.execute("SHOW GLOBAL STATUS LIKE 'Com\\_%'")
    counts = {name.lower()[4:]: int(value) for name, value in cursor.fetchall()}
    connection.close()
    return counts


def difference(before, after):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def text_and_errors(directory, port):
    for module, where in ((MySQLdb, {"unix_socket": f"{directory}/mariadb.sock"}), (pymysql, {"host": HOST, "port": port})):
        connection = module.connect(user="root", database="sbtest", **where)
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE carts (id INT PRIMARY KEY, name VARCHAR(40))")
        for number in range(50):
            cursor.execute("INSERT INTO carts VALUES (%s, %s)", (number, f"secret-{number}"))
        for number in range(60):
            cursor.execute("SELECT name FROM carts WHERE id = %s", (number,))
            cursor.fetchall()
        for wrong in ("SELECT * FROM missing", "INSERT INTO carts VALUES (1, 'secret')"):
            try:
                cursor.execute(wrong)
            except module.Error:
                pass
        connection.ping()
        connection.select_db("mysql")
        cursor.execute("DROP TABLE sbtest.carts")
        connection.close()


def several(directory, port):
    flags = MySQLdb.constants.CLIENT.MULTI_STATEMENTS
    connection = MySQLdb.connect(host=HOST, port=port, user="root", database="sbtest", client_flag=flags, local_infile=True)
    cursor = connection.cursor()
    for text in ("CREATE TABLE carts (id INT, name VARCHAR(40)); INSERT INTO carts VALUES (1, 'a;b'), (2, 'c')",
                 "SELECT 1; UPDATE carts SET name = 'secret;'; SELECT name FROM carts -- ; not one\n; DELETE FROM carts WHERE id = 1"):
        cursor.execute(text)
        while cursor.nextset():
            pass
    try:
        cursor.execute("SELECT 1; SELECT * FROM missing; SELECT 3")
        while cursor.nextset():
            pass
    except MySQLdb.Error:
        pass
    path = f"{directory}/rows.csv"
    with open(path, "w", encoding="utf-8") as rows:
        rows.writelines(f"{number},{'secret' * 5}\n" for number in range(50000))
    cursor.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE carts FIELDS TERMINATED BY ','")
    cursor.execute("SELECT id FROM carts")
    cursor.fetchall()
    cursor.execute("DROP TABLE carts")
    connection.close()


def large(directory, port):
    for where in ({"unix_socket": f"{directory}/mariadb.sock"}, {"host": HOST, "port": port}):
        connection = MySQLdb.connect(user="root", database="sbtest", **where)
        cursor = connection.cursor()
        for _ in range(3):
            cursor.execute("SELECT seq, REPEAT('x', 60) FROM seq_1_to_100000")
            if len(cursor.fetchall()) != 100000:
                sys.exit("rows are missing")
        cursor.execute("SELECT LENGTH('" + "x" * (18 << 20) + "')")
        cursor.execute("SELECT REPEAT('x', 18 << 20)")
        cursor.fetchall()
        cursor.execute("SELECT 1")
        connection.close()


def sysbench(port, mode, events, *more):
    subprocess.run(["sysbench", "oltp_read_write", "--db-driver=mysql", f"--mysql-host={HOST}", f"--mysql-port={port}",
                    "--mysql-user=root", "--mysql-db=sbtest", "--tables=2", "--table-size=1000", "--threads=2", f"--events={events}",
                    "--time=0", f"--db-ps-mode={mode}", *more], check=True, stdout=subprocess.DEVNULL)


def slap(_directory, port):
    subprocess.run(["mariadb-slap", "--no-defaults", f"--host={HOST}", f"--port={port}", "--protocol=tcp", "--user=root", "--concurrency=4",
                    "--number-of-queries=2000", "--auto-generate-sql", "--auto-generate-sql-load-type=mixed"],
                   check=True, stdout=subprocess.DEVNULL)


LOADS = {
    "text": text_and_errors,
    "several": several,
    "large": large,
    "slap": slap,
    "sysbench-text": lambda _, port: sysbench(port, "disable", 100, "run"),
    "sysbench-prepared": lambda _, port: sysbench(port, "auto", 100, "run"),
}


class Footfall:
    def __init__(self, *target):
        self.process = subprocess.Popen([os.environ["FOOTFALL"], "record", "--json", "--stacks", "none", *target],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "recording" in line:
                return
        sys.exit("footfall does not record")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=60)
        return json.loads(out)


def uses_by_verb(session, role):
    counted = {}
    for row in session["operations"]:
        if row["role"] == role and row["kind"] == "mysql":
            operation = row["operation"].replace(" SCHEMA", " DATABASE")
            verb = max((known for known in COUNTERS if operation.startswith(known)), key=len, default=operation)
            counted[verb] = counted.get(verb, 0) + row["uses"]
    return counted


def compare(session, role, counted):
    true = {verb: counted[counter] for verb, counter in COUNTERS.items() if counter in counted}
    unknown = set(counted) - set(COUNTERS.values()) - OF_OTHERS
    seen = uses_by_verb(session, role)
    if unknown or seen != true:
        sys.exit(f"{role}: {seen}, the server counted {true}, and {unknown}")


def bounded(directory, pid, port, watched, load):
    before = status(directory)
    footfall = Footfall(*(["--port", port] if watched == "both" else ["-p", pid]))
    LOADS[load](directory, int(port))
    time.sleep(0.3)
    session = footfall.stop()
    counted = difference(before, status(directory))
    for role in ("server", "client") if watched == "both" else ("server",):
        compare(session, role, counted)
    return session


def late(directory, pid, port, load):
    mode = "auto" if load == "sysbench-prepared" else "disable"
    command = [sys.executable, __file__, directory, pid, port, "endless", mode]
    with subprocess.Popen(command, start_new_session=True) as process:
        time.sleep(1.5)
        before = status(directory)
        footfall = Footfall("-p", pid)
        time.sleep(0.3)
        begin = status(directory)
        time.sleep(1)
        end = status(directory)
        time.sleep(0.3)
        session = footfall.stop()
        after = status(directory)
        os.killpg(process.pid, signal.SIGKILL)
    seen = uses_by_verb(session, "server")
    seen.pop("SHOW", None)
    allowed = {"EXECUTE _OTHER"} if mode == "auto" else {"SELECT", "BEGIN", "COMMIT"}
    lost = sum(session["accounting"]["exchanges"]["lost"].values())
    verbs = ("select", "begin", "commit")
    least, most = (sum(last[verb] - first[verb] for verb in verbs) for first, last in ((begin, end), (before, after)))
    if not set(seen) <= allowed or not least <= sum(seen.values()) + lost <= most:
        sys.exit(f"{seen} and {lost} lost are not between {least} and {most}")
    return session


def main():
    directory, pid, port, watched, load = sys.argv[1:]
    if watched == "endless":
        return subprocess.run(["sysbench", "oltp_read_only", "--db-driver=mysql", f"--mysql-host={HOST}", f"--mysql-port={port}",
                               "--mysql-user=root", "--mysql-db=sbtest", "--tables=2", "--table-size=1000", "--threads=2", "--rate=100",
                               "--time=30", f"--db-ps-mode={load}", "run"], check=True, stdout=subprocess.DEVNULL)
    setup = MySQLdb.connect(unix_socket=f"{directory}/mariadb.sock", user="root")
    setup.cursor().execute("CREATE DATABASE sbtest")
    setup.close()
    subprocess.run(["sysbench", "oltp_read_write", "--db-driver=mysql", f"--mysql-host={HOST}", f"--mysql-port={port}", "--mysql-user=root",
                    "--mysql-db=sbtest", "--tables=2", "--table-size=1000", "prepare"], check=True, stdout=subprocess.DEVNULL)
    print(json.dumps(late(directory, pid, port, load) if watched == "late" else bounded(directory, pid, port, watched, load)))
    return None


main()
