#!/usr/bin/env python3
"""A server with a thread for each connection: a request calls 20 functions of libz 10,000 times each. Prints its port."""
import ctypes
import http.server

ZLIB = ctypes.CDLL("libz.so.1")
NAMES = ["zlibVersion", "zlibCompileFlags", "compressBound", "adler32", "crc32", "get_crc_table", "inflateReset",
         "inflateReset2", "inflateEnd", "inflateSync", "inflateSyncPoint", "inflateMark", "inflateUndermine", "inflateValidate",
         "inflateCodesUsed", "inflateResetKeep", "deflateReset", "deflateEnd", "deflateResetKeep", "deflateBound"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        functions = [getattr(ZLIB, name) for name in NAMES]
        for _ in range(10_000):
            for function in functions:
                function(None, None, 0)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
