#!/usr/bin/python3
"""DataStax's driver as a client that counts what it asks. client.py has the words.

    cassandra_client.py PORT VERSION [-n ROUNDS] [-c THREADS] [--compress]

The connections are made, and have been used, before the word is awaited; the statements that are prepared before are those that
footfall can't name.
"""
import argparse
import importlib.util
import sys

import client

try:
    import cassandra
    from cassandra.cluster import Cluster
    from cassandra.query import BatchStatement, SimpleStatement
except ImportError:
    client.skip("the driver is not installed: python3-cassandra")

KEYSPACE = "CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
TABLE = "CREATE TABLE IF NOT EXISTS shop.orders (id int PRIMARY KEY, customer text)"


def expect_error(call, *arguments):
    try:
        call(*arguments)
    except (cassandra.RequestExecutionException, cassandra.InvalidRequest, cassandra.protocol.SyntaxException):
        return
    sys.exit(f"{call} did not fail")


def round_of(session, number, add, old):
    insert = session.prepare(f"INSERT INTO shop.orders (id, customer) VALUES (?, 'customer {number}')")
    add("PREPARE INSERT shop.orders", "ok")
    session.execute(insert, (number,))
    futures = [session.execute_async(insert, (number + i,)) for i in range(30)]
    for future in futures:
        future.result()
    for _ in range(31):
        add("INSERT shop.orders", "ok")
    session.execute(old, (number,))
    add("EXECUTE {unknown}", "ok")
    session.execute(f"SELECT customer FROM shop.orders WHERE id = {number}")
    add("SELECT shop.orders", "ok")
    session.execute("UPDATE shop.orders SET customer = %s WHERE id = %s", ("x" * 200000, number))
    add("UPDATE shop.orders", "ok")
    list(session.execute("SELECT * FROM shop.orders WHERE id = %s", (number,)))
    add("SELECT shop.orders", "ok")
    batch = BatchStatement()
    batch.add(insert, (number,))
    batch.add(SimpleStatement(f"DELETE FROM shop.orders WHERE id = {number}"))
    session.execute(batch)
    add("BATCH shop.orders", "ok")
    expect_error(session.execute, "SELECT secret FROM shop.orders")
    add("SELECT shop.orders", "Invalid")
    expect_error(session.execute, "MISTYPED")
    add("_OTHER", "SyntaxError")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("version", type=int)
    parser.add_argument("-n", type=int, default=10, dest="rounds")
    parser.add_argument("-c", type=int, default=3, dest="threads")
    parser.add_argument("--compress", action="store_true")
    options = parser.parse_args()
    if options.compress and not importlib.util.find_spec("lz4"):
        client.skip("LZ4 for Python is not installed: python3-lz4")
    counts = client.Counts()
    sessions = []
    for _ in range(options.threads):
        # Nothing is asked by the driver itself while footfall counts: no heartbeats, no look at the nodes or the schema.
        cluster = Cluster(["127.0.0.1"], port=options.port, protocol_version=options.version, compression=options.compress,
                          idle_heartbeat_interval=0, schema_metadata_enabled=False, token_metadata_enabled=False,
                          schema_event_refresh_window=-1, topology_event_refresh_window=-1, status_event_refresh_window=-1)
        sessions.append(cluster.connect())
    sessions[0].execute(KEYSPACE)
    sessions[0].execute(TABLE)
    old = [session.prepare("SELECT id FROM shop.orders WHERE id = ?") for session in sessions]
    work = [lambda s=session, t=thread: [round_of(s, 1000 * t + i, counts.add, old[t]) for i in range(options.rounds)]
            for thread, session in enumerate(sessions)]
    client.run(counts, work)


main()
