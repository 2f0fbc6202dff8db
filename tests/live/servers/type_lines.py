#!/usr/bin/python3
"""Lines on one connection, as people type them: each is sent when the one before it was answered.

    type_lines.py PORT LINE…
"""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as connection:
    for line in sys.argv[2:]:
        connection.sendall(line.encode() + b"\r\n")
        if not connection.recv(65536):
            sys.exit(f"{line}: no answer")
