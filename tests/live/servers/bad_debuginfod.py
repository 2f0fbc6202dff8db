#!/usr/bin/env python3
"""bad_debuginfod.py PORT REASON: a debuginfod server that fails so that footfall gives this reason."""
import http.server
import os
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        getattr(self, REASONS[sys.argv[2]])()

    def know_nothing(self):
        self.send_error(404)

    def say_nothing(self):
        time.sleep(60)

    def send_this_program(self):
        with open(os.readlink("/proc/self/exe"), "rb") as program:
            body = program.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def promise_much(self):
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        self.wfile.write(b"begin")
        self.wfile.flush()
        time.sleep(60)

    def log_message(self, *_):
        pass


REASONS = {"no server has": "know_nothing", "did not answer": "say_nothing", "another build": "send_this_program",
           "larger than": "promise_much"}

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
