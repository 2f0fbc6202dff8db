#!/usr/bin/env python3
"""spender.py threads|asyncio WORKERS BURN WAIT: what spender.cc serves, and prints, in Python."""
import asyncio
import json
import os
import signal
import socketserver
import sys
import threading
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Route:
    def __init__(self, part_of_burn, part_of_wait):
        self.burn, self.wait = BURN * part_of_burn, WAIT * part_of_wait
        self.uses, self.cpu = 0, 0.0

    def work(self, part):
        begin = time.thread_time()
        while time.thread_time() - begin < self.burn * part:
            pass
        self.cpu += time.thread_time() - begin


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        while (request := self.request.recv(1024)) and not is_anew(request):
            route = route_of(request)
            route.work(1)
            time.sleep(route.wait)
            route.uses += 1
            self.request.sendall(ANSWER)


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 512


async def answer(reader, writer):
    while (request := await reader.read(1024)) and not is_anew(request):
        route = route_of(request)
        route.work(0.5)
        await asyncio.sleep(route.wait)
        route.work(0.5)
        route.uses += 1
        writer.write(ANSWER)
    writer.close()


async def serve_in_loop():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def is_anew(request):
    global BEFORE
    if not request.startswith(b"GET /anew"):
        return False
    for route in ROUTES.values():
        route.uses, route.cpu = 0, 0.0
    BEFORE = time.process_time()
    return True


def route_of(request):
    return ROUTES["/light" if request.startswith(b"GET /light") else "/heavy"]


def report(*_):
    routes = {name: {"uses": route.uses, "cpu": route.cpu} for name, route in ROUTES.items()}
    print(json.dumps({"process": time.process_time() - BEFORE, "waits": WAIT > 0, "routes": routes}), flush=True)
    os._exit(0)


HOW, BURN, WAIT = sys.argv[1], int(sys.argv[3]) / 1e6, int(sys.argv[4]) / 1e6
ROUTES = {"/light": Route(0.3, 0.2), "/heavy": Route(0.7, 0.8)}
BEFORE = time.process_time()
signal.signal(signal.SIGTERM, report)
if HOW == "asyncio":
    asyncio.run(serve_in_loop())
else:
    server = Threads(("127.0.0.1", 0), Connection)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        signal.pause()
