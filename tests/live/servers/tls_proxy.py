#!/usr/bin/env python3
"""An HTTPS proxy for the live tests: tls_proxy.py PORT KEY CERTIFICATE. It only knows CONNECT."""
import contextlib
import selectors
import socket
import socketserver
import ssl
import sys


def pass_on(source, sink):
    """False: the source has ended."""
    data = source.recv(65536)
    while data:
        sink.sendall(data)
        more = source.pending() if isinstance(source, ssl.SSLSocket) else 0
        if not more:
            return True
        data = source.recv(more)
    return False


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        _, target, _ = self.rfile.readline().split(b" ")
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        host, _, port = target.decode().rpartition(":")
        with socket.create_connection((host, int(port))) as other, selectors.DefaultSelector() as selector:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            selector.register(self.connection, selectors.EVENT_READ, other)
            selector.register(other, selectors.EVENT_READ, self.connection)
            with contextlib.suppress(OSError):
                while all(pass_on(key.fileobj, key.data) for key, _ in selector.select()):
                    pass


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main():
    port, key, certificate = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    proxy = Proxy(("127.0.0.1", int(port)), Tunnel)
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
    proxy.serve_forever()


if __name__ == "__main__":
    main()
