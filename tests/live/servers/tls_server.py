#!/usr/bin/env python3
"""A small HTTPS service for the live tests: tls_server.py threads|asyncio PORT LOG KEY CERTIFICATE.

Each answered request is one line "METHOD TARGET STATUS" in LOG. With threads, OpenSSL reads and writes the sockets; with
asyncio, Python does, and hands OpenSSL memory.
"""
import asyncio
import http.server
import ssl
import sys


class Log:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8")  # pylint: disable=consider-using-with

    def answered(self, method, target, status):
        self.file.write(f"{method} {target} {status}\n")


def body_of(target):
    """/large.bin is a mebibyte."""
    return (200, bytes(1 << 20)) if target == "/large.bin" else (404 if target == "/missing" else 200, b"hello\n")


def serve_with_threads(port, log, context):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # pylint: disable=invalid-name
            status, body = body_of(self.path)
            log.answered(self.command, self.path, status)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", port), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


async def serve_with_asyncio(port, log, context):
    async def answer(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, target, _ = head.decode().split(" ", 2)
                status, body = body_of(target)
                log.answered(method, target, status)
                writer.write(f"HTTP/1.1 {status} Some\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, ssl=context)
    async with server:
        await server.serve_forever()


def main():
    way, port, log, key, certificate = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if way == "threads":
        serve_with_threads(int(port), Log(log), context)
    else:
        asyncio.run(serve_with_asyncio(int(port), Log(log), context))


if __name__ == "__main__":
    main()
