#!/usr/bin/env python3
"""A small shop: the application that the demo puts behind nginx. Standard library only.

shop.py PORT [LOG]     serves 127.0.0.1:PORT; each answered request is one line "METHOD TARGET STATUS" in LOG

/health  /orders  /orders/ID  /search?q=…  POST /checkout  /reports/daily (slow)  /recommendations (fails now and then)
"""
import http.server
import itertools
import json
import re
import sys
import threading
import time
import urllib.parse

ORDERS = {number: {"id": number, "total": 5 + number * 7 % 300} for number in range(1, 501)}
TICKETS = itertools.count(1)


def health(_shop, _match):
    return 200, {"status": "up"}


def list_orders(_shop, _match):
    return 200, {"orders": sorted(ORDERS)[:50]}


def show_order(_shop, match):
    order = ORDERS.get(int(match["id"]))
    return (200, order) if order else (404, {"error": "no such order"})


def search(shop, _match):
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(shop.path).query).get("q", [""])[0]
    return 200, {"found": [number for number in ORDERS if query in str(number)][:10]}


def checkout(_shop, _match):
    return 201, {"receipt": next(TICKETS)}


def daily_report(_shop, _match):
    time.sleep(0.08)
    return 200, {"revenue": sum(order["total"] for order in ORDERS.values())}


def recommendations(_shop, _match):
    if next(TICKETS) % 7 == 0:
        return 500, {"error": "the model is not loaded"}
    return 200, {"recommended": [3, 14, 15]}


ROUTES = [
    ("GET", re.compile(r"/health"), health),
    ("GET", re.compile(r"/orders"), list_orders),
    ("GET", re.compile(r"/orders/(?P<id>\d+)"), show_order),
    ("GET", re.compile(r"/search"), search),
    ("POST", re.compile(r"/checkout"), checkout),
    ("GET", re.compile(r"/reports/daily"), daily_report),
    ("GET", re.compile(r"/recommendations"), recommendations),
]


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    log = None
    log_lock = threading.Lock()

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urllib.parse.urlsplit(self.path).path
        status, body = 404, {"error": "not found"}
        for method, pattern, handler in ROUTES:
            match = pattern.fullmatch(path)
            if method == self.command and match:
                status, body = handler(self, match)
        self.send(status, json.dumps(body).encode())

    do_GET = do_POST = do_DELETE = answer

    def send(self, status, body):
        if self.log:
            with self.log_lock:
                self.log.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """The base class would write a line to stderr for each request."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main():
    if len(sys.argv) > 2:
        Shop.log = open(sys.argv[2], "a", buffering=1, encoding="utf-8")
    Server(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()


if __name__ == "__main__":
    main()
