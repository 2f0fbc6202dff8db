#!/usr/bin/python3
"""Records what real clients and a real server say to each other: tests/unit/postgresql/recorded/record.py

A proxy between psql, pgbench and a fresh cluster. Each recording is a row of records, one for each piece that the proxy got:
direction ('<' from the client, '>' from the server), length (four bytes, little-endian), bytes. The same becomes seeds of
tests/fuzz/corpus/postgresql, in the form of tests/fuzz/connection_life.h.
"""
import pathlib
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path.insert(0, str(ROOT / "tests/live/servers"))
from check_postgresql import BINARIES, SYNC, Bare, Cluster, message, steps  # noqa: E402


class Proxy:
    """One connection at a time; its records are those of the last one."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.records = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client = self.listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", self.target))
            self.records = []
            ends = {client: (server, b"<"), server: (client, b">")}
            while ends:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(16384)
                    if not data:
                        ends = {}
                        break
                    self.records.append((ends[end][1], data))
                    ends[end][0].sendall(data)
            client.close()
            server.close()


def save(name, records):
    (HERE / name).write_bytes(b"".join(way + struct.pack("<I", len(data)) + data for way, data in records))
    seed = b"".join(bytes([16 | (8 if way == b">" else 0)]) + struct.pack("<H", len(data)) + data for way, data in records)
    (ROOT / "tests/fuzz/corpus/postgresql" / name).write_bytes(seed[:8192])


def main():
    with tempfile.TemporaryDirectory() as name:
        cluster = Cluster(pathlib.Path(name))
        proxy = Proxy(cluster.port)

        def psql(*words, **options):
            subprocess.run([BINARIES[-1] / "psql", "-XAtq", "-h", "127.0.0.1", "-p", str(proxy.port), "-U", "postgres", *words,
                            "postgres"], check=False, capture_output=True, **options)

        for mode in ("simple", "extended", "prepared"):
            script = pathlib.Path(name) / "script"
            script.write_text("\\set a random(1, 100)\nSELECT abalance FROM pgbench_accounts WHERE aid = :a;\n"
                              "UPDATE pgbench_tellers SET tbalance = 1 WHERE tid = :a;\n", encoding="utf-8")
            subprocess.run([BINARIES[-1] / "pgbench", "-n", "-M", mode, "-t", "3", "-f", script, "-h", "127.0.0.1", "-p",
                            str(proxy.port), "-U", "postgres", "postgres"], check=True, capture_output=True)
            save(f"pgbench_{mode}", proxy.records)
        psql("-c", "create temp table t (a int primary key); insert into t values (1); insert into t values (1); select 2")
        save("script", proxy.records)
        psql("-c", "create temp table t (a int)", "-c", "copy t from stdin", "-c", "copy t to stdout", input=b"1\n2\n")
        save("copy", proxy.records)
        bare = Bare(proxy)
        bare.ask(steps("SELECT 1 FROM pg_class LIMIT 1", "SELECT 1 / 0 FROM pg_type", "SELECT 3") + SYNC)
        bare.ask((steps("SELECT 4") + SYNC) * 2, ready=2)
        save("pipeline", proxy.records)
        bare.socket.close()
        # Many Syncs under way: the first statement of each batch keeps the server until the others have come, one by one.
        bare = Bare(proxy)
        bare.ask(message(b"Q", b"create temp table t (a int)\0"))
        for others in (["INSERT INTO t VALUES (1)"], ["SELECT 2 FROM t", "UPDATE t SET a = 2"],
                       ["SELECT 1 / 0 FROM pg_type", "SELECT 3 FROM pg_proc LIMIT 1", "DELETE FROM t", "SELECT 4 FROM t"],
                       ["SELECT 5 FROM pg_am LIMIT 1"] * 3):
            bare.socket.sendall(steps("SELECT pg_sleep(0.1) FROM pg_database LIMIT 1") + SYNC)
            for other in others:
                time.sleep(0.01)
                bare.socket.sendall(steps(other) + SYNC)
            bare.ask(b"", ready=1 + len(others))
        save("syncs", proxy.records)
        cluster.stop()


if __name__ == "__main__":
    main()
