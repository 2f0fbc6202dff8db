#!/usr/bin/env python3
"""strange.py CONNECTIONS LINES [FILE]: both ends of connections that speak what no reader knows, so many lines each way.

FILE: which has to be there for more than the first line of each.
"""
import os
import socket
import sys
import time

connections, lines = int(sys.argv[1]), int(sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
pairs = []
for _ in range(connections):
    client = socket.create_connection(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
for line in range(lines):
    for client, server in pairs:
        client.sendall(b"<<%d is that so?>>\n" % line)
        server.recv(100)
        server.sendall(b"<<%d it is>>\n" % line)
        client.recv(100)
    if line == 0 and len(sys.argv) > 3:
        print("begun", flush=True)
        while not os.path.exists(sys.argv[3]):
            time.sleep(0.05)
