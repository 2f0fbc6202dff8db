#!/usr/bin/python3
"""A subscriber and a publisher, RESP2 and RESP3, over sockets: exactly N of each command while messages are pushed in between.

    redis_pubsub.py PORT N
"""
import socket
import sys


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def ask(self, *words):
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))

    def reply(self):
        """Reads one value."""
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        if kind in b"*>~%":
            return [self.reply() for _ in range(int(rest) * (2 if kind == b"%" else 1))]
        return line

    def reply_but_message(self):
        reply = self.reply()
        while isinstance(reply, list) and reply and reply[0] == b"message":
            reply = self.reply()
        return reply


def main():
    port, rounds = int(sys.argv[1]), int(sys.argv[2])
    publisher = Connection(port)
    for version in ("2", "3"):
        subscriber = Connection(port)
        subscriber.ask("HELLO", version)
        subscriber.reply()
        for _ in range(rounds):
            subscriber.ask("SUBSCRIBE", "one", "two")
            subscriber.reply()
            for _ in range(3):
                publisher.ask("PUBLISH", "one", "secret")
                publisher.reply()
            subscriber.reply_but_message()
            subscriber.ask("PING")
            publisher.ask("PUBLISH", "two", "secret")
            publisher.reply()
            subscriber.reply_but_message()
            subscriber.ask("UNSUBSCRIBE")
            subscriber.reply_but_message()
            subscriber.reply_but_message()
            subscriber.ask("GET", "none")
            subscriber.reply_but_message()


main()
