#!/usr/bin/env python3
"""A bounded load: exactly N requests, spread over some connections and paths in turn, to 127.0.0.1:$PORT.

get.py -n 1000 -c 8 [--tls] [--close] [--delay MS] [--method POST] /hello.txt /orders/17

--close opens a connection for each request, --delay waits before each one. Where $EMULATED is set, a quarter of N:
such machines are slow. Exits 1 unless every request was answered.
"""
import argparse
import http.client
import itertools
import os
import ssl
import sys
import threading
import time


def ask(connection, method, path, close):
    headers = {"Connection": "close"} if close else {}
    body = b"x" * 200 if method == "POST" else None
    connection.request(method, path, body=body, headers=headers)
    connection.getresponse().read()


def connect(options):
    if not options.tls:
        return http.client.HTTPConnection("127.0.0.1", options.port, timeout=30)
    whoever = ssl._create_unverified_context()  # pylint: disable=protected-access
    return http.client.HTTPSConnection("127.0.0.1", options.port, timeout=30, context=whoever)


def worker(options, tickets, answered):
    connection = connect(options)
    for number in tickets:
        time.sleep(options.delay / 1000)
        ask(connection, options.method, options.paths[number % len(options.paths)], options.close)
        answered.append(number)
    connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=100, dest="requests")
    parser.add_argument("-c", type=int, default=4, dest="connections")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--close", action="store_true")
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--method", default="GET")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT"))
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    options.requests = options.requests // (4 if "EMULATED" in os.environ else 1)

    answered = []
    numbers = range(options.requests)
    shares = [itertools.islice(numbers, start, None, options.connections) for start in range(options.connections)]
    threads = [threading.Thread(target=worker, args=(options, share, answered)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(answered) != options.requests:
        sys.exit(f"get.py: {len(answered)} of {options.requests} requests were answered")


if __name__ == "__main__":
    main()
