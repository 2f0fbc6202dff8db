#!/usr/bin/env python3
"""Pipelined requests over TLS to 127.0.0.1:$PORT: tls_pipeline.py AT_ONCE ROUNDS PATH. Exits 1 unless all were answered."""
import os
import socket
import ssl
import sys


def main():
    at_once, rounds, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    whoever = ssl._create_unverified_context()  # pylint: disable=protected-access
    with socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), timeout=30) as plain, whoever.wrap_socket(plain) as tls:
        for _ in range(rounds):
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * at_once)
            answers = b""
            while answers.count(b"HTTP/1.1 200") < at_once or not answers.endswith(b"an order\n"):
                part = tls.recv(65536)
                if not part:
                    sys.exit("tls_pipeline.py: the server closed the connection")
                answers += part


if __name__ == "__main__":
    main()
