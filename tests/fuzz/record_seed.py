#!/usr/bin/env python3
"""Records what a real client and a real server say to each other, as seeds for connection_life.h.

    record_seed.py PORT PREFIX COMMAND…     PORT: of the server; $PORT in COMMAND is the port to connect to instead

Each connection becomes a file PREFIX, PREFIX-2, …: the bytes as they came, then the close. The process that is watched is the server.
"""
import os
import socket
import struct
import subprocess
import sys
import threading

RECEIVED, SENT, CLOSE, MESSAGE_START = 0, 8, 6, 16
MOST = 0xFFFF


def relay(source, sink, operation, log, lock):
    while True:
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        with lock:
            for at in range(0, len(data), MOST):
                piece = data[at : at + MOST]
                log += bytes([operation | (MESSAGE_START if at == 0 else 0)]) + struct.pack("<H", len(piece)) + piece
        if not data:
            break
        sink.sendall(data)
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(listener, port, logs):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", port))
        log, lock = bytearray(), threading.Lock()
        logs.append((log, client, server))
        for source, sink, operation in ((client, server, RECEIVED), (server, client, SENT)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=relay, args=(source, sink, operation, log, lock), daemon=True).start()


def main():
    port, prefix, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    listener = socket.create_server(("127.0.0.1", 0))
    logs = []
    threading.Thread(target=serve, args=(listener, port, logs), daemon=True).start()
    status = subprocess.run(command, env={**os.environ, "PORT": str(listener.getsockname()[1])}, check=False).returncode
    listener.close()
    for number, (log, _, _) in enumerate(logs, 1):
        with open(prefix if number == 1 else f"{prefix}-{number}", "wb") as seed:
            seed.write(bytes(log) + bytes([CLOSE]))
    sys.exit(status)


main()
