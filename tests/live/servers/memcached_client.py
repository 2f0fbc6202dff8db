#!/usr/bin/python3
"""A memcached client over sockets that counts what it asks, and holds it against the server's own `stats`. client.py has the words.

    memcached_client.py PORT PROTOCOL [-n ROUNDS] [-c CONNECTIONS] [--socket PATH]     PROTOCOL: text, meta, binary, pymemcache

The connections are made, and have been used, before the word is awaited.
"""
import argparse
import socket
import struct

import client

READ_MOST = 1 << 20
BINARY = struct.Struct(">BBHBBHIIQ")


class Connection:
    def __init__(self, options, counts):
        self.counts = counts
        if options.socket:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(options.socket)
        else:
            self.socket = socket.create_connection(("127.0.0.1", options.port), timeout=10)
        self.file = self.socket.makefile("rb")
        self.stored = self.read = 0

    def due(self, name, outcome="ok", read=0, stored=0):
        """One command that the server counts as so many reads and writes."""
        self.counts.add(name, outcome)
        self.read += read
        self.stored += stored

    def turn(self, request, reply):
        self.socket.sendall(request)
        said = self.file.read(len(reply))
        if said != reply:
            raise RuntimeError(f"{request[:40]!r} was answered by {said[:80]!r}")


class Text(Connection):
    def warm(self):
        self.turn(b"get none\r\n", b"END\r\n")

    def round(self, key):
        key = key.encode()
        self.due("set", stored=1)
        self.turn(b"set %s 0 0 5\r\nvalue\r\n" % key, b"STORED\r\n")
        value = b"VALUE %s 0 5\r\nvalue\r\n" % key
        self.due("get", read=3)
        self.turn(b"get %s none %s\r\n" % (key, key), 2 * value + b"END\r\n")
        self.due("get", read=1)
        self.turn(b"get none\r\n", b"END\r\n")
        self.due("add", stored=1)
        self.turn(b"add %s 0 0 1\r\nx\r\n" % key, b"NOT_STORED\r\n")
        self.due("append", stored=1)
        self.turn(b"append %s 0 0 1\r\nx\r\n" % key, b"STORED\r\n")
        self.due("incr", "CLIENT_ERROR")
        self.turn(b"incr %s 1\r\n" % key, b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n")
        self.due("_OTHER", "ERROR")
        self.turn(b"secret %s\r\n" % key, b"ERROR\r\n")
        self.due("delete", "ok")
        self.turn(b"delete none\r\n", b"NOT_FOUND\r\n")
        large = b"x" * 300000
        self.due("set", stored=1)
        self.turn(b"set L%s 0 0 300000\r\n%s\r\n" % (key, large), b"STORED\r\n")
        self.due("get", read=1)
        self.turn(b"get L%s\r\n" % key, b"VALUE L%s 0 300000\r\n%s\r\nEND\r\n" % (key, large))
        self.due("set", "unknown", stored=1)
        self.due("get", read=1)
        self.turn(b"set %s 0 0 1 noreply\r\nv\r\nget %s\r\n" % (key, key), b"VALUE %s 0 1\r\nv\r\nEND\r\n" % key)
        for _ in range(50):
            self.due("get", read=1)
            self.due("decr")
        self.turn(50 * b"get none\r\ndecr none 1\r\n", 50 * b"END\r\nNOT_FOUND\r\n")


class Meta(Connection):
    def warm(self):
        self.turn(b"mn\r\n", b"MN\r\n")

    def round(self, key):
        key = key.encode()
        self.due("ms", stored=1)
        self.turn(b"ms %s 5\r\nvalue\r\n" % key, b"HD\r\n")
        self.due("mg", read=1)
        self.turn(b"mg %s v\r\n" % key, b"VA 5\r\nvalue\r\n")
        for _ in range(3):
            self.due("mg", read=1)
        self.due("mn")
        self.turn(b"mg none v q O1\r\nmg %s v q O2\r\nmg none k v q\r\nmn\r\n" % key, b"VA 5 O2\r\nvalue\r\nMN\r\n")
        self.due("ms", stored=1)
        self.due("ms", stored=1)
        self.due("mn")
        self.turn(b"ms %s 1 q\r\nv\r\nms %s 1 q ME O7\r\nv\r\nmn\r\n" % (key, key), b"NS O7\r\nMN\r\n")
        self.due("ma")
        self.turn(b"ma none O3 k\r\n", b"NF O3 knone\r\n")
        self.due("me")
        self.turn(b"me none\r\n", b"EN\r\n")
        self.due("mg", "ERROR")
        self.turn(b"mg\r\n", b"ERROR\r\n")
        self.due("md")
        self.due("mn")
        self.turn(b"md %s q\r\nmn\r\n" % key, b"MN\r\n")


def asked(opcode, key=b"", extras=b"", value=b"", opaque=0):
    return BINARY.pack(0x80, opcode, len(key), len(extras), 0, 0, len(key) + len(extras) + len(value), opaque, 0) + extras + key + value


class Binary(Connection):
    def warm(self):
        self.exchange(asked(0x0a), [(0x0a, 0)])

    def exchange(self, request, answers):
        self.socket.sendall(request)
        for opcode, status in answers:
            header = BINARY.unpack(self.file.read(BINARY.size))
            self.file.read(header[6])
            if (header[1], header[5]) != (opcode, status):
                raise RuntimeError(f"opcode {header[1]} status {header[5]}, expected {opcode} {status}")

    def round(self, key):
        key = key.encode()
        store = bytes(8)
        self.due("set", stored=1)
        self.exchange(asked(0x01, key, store, b"value", 1), [(0x01, 0)])
        for _ in range(3):
            self.due("get", read=1)
        self.due("noop")
        self.exchange(asked(0x09, b"none", opaque=2) + asked(0x0d, key, opaque=3) + asked(0x09, key, opaque=4) + asked(0x0a, opaque=5),
                      [(0x0d, 0), (0x09, 0), (0x0a, 0)])
        self.due("get", read=1)
        self.exchange(asked(0x00, b"none", opaque=6), [(0x00, 1)])
        self.due("set", stored=1)
        self.due("add", stored=1)
        self.due("noop")
        self.exchange(asked(0x11, key, store, b"v", 7) + asked(0x12, key, store, b"v", 8) + asked(0x0a, opaque=9), [(0x12, 2), (0x0a, 0)])
        self.due("incr", "NON_NUMERIC_VALUE")
        self.exchange(asked(0x05, key, bytes(20), opaque=10), [(0x05, 6)])
        self.due("delete")
        self.exchange(asked(0x04, b"none", opaque=11), [(0x04, 1)])


class Pymemcache(Connection):
    """A real client library."""

    def warm(self):
        try:
            from pymemcache.client.base import Client
        except ImportError:
            client.skip("pymemcache is not installed: python3-pymemcache")
        self.client = Client(self.socket.getpeername() if self.socket.family == socket.AF_UNIX else self.socket.getpeername()[:2])
        self.client.get("none")

    def round(self, key):
        self.due("set", stored=1)
        self.client.set(key, "value", noreply=False)
        self.due("get", read=1)
        self.client.get(key)
        self.due("get", read=2)
        self.client.get_many([key, "none"])
        self.due("gets", read=1)
        _, cas = self.client.gets(key)
        self.due("cas", stored=1)
        self.client.cas(key, "other", cas)
        self.due("set", "unknown", stored=1)
        self.client.set(key, "1", noreply=True)
        self.due("incr")
        self.client.incr(key, 1)
        self.due("touch")
        self.client.touch(key, 100, noreply=False)
        self.due("delete")
        self.client.delete(key, noreply=False)
        self.due("version")
        self.client.version()


PROTOCOLS = {"text": Text, "meta": Meta, "binary": Binary, "pymemcache": Pymemcache}


def server_counts(options):
    connection = Text(options, client.Counts())
    connection.socket.sendall(b"stats\r\n")
    stats = dict(line.split()[1:3] for line in iter(connection.file.readline, b"END\r\n"))
    return int(stats[b"cmd_get"]), int(stats[b"cmd_set"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("-n", type=int, default=20, dest="rounds")
    parser.add_argument("-c", type=int, default=4, dest="connections")
    parser.add_argument("--socket")
    options = parser.parse_args()
    counts = client.Counts()
    connections = [PROTOCOLS[options.protocol](options, counts) for _ in range(options.connections)]
    for connection in connections:
        connection.warm()
    before = server_counts(options)
    client.run(counts, [lambda c=connection, t=number: [c.round(f"key{t}-{i}") for i in range(options.rounds)]
                        for number, connection in enumerate(connections)],
               lambda: hold_against_server(options, connections, before, counts))


def hold_against_server(options, connections, before, counts):
    counts.add("stats", "ok")
    read, stored = server_counts(options)
    ours = sum(c.read for c in connections), sum(c.stored for c in connections)
    if (read - before[0], stored - before[1]) != ours:
        raise RuntimeError(f"the server counts {read - before[0]} reads and {stored - before[1]} writes, the client {ours}")


main()
