"""A server of gRPC-Web over HTTP/1.1 without gRPC: the path says what it answers, and how. Logs calls as grpc_calls does.

grpc_web.py PORT LOG"""
import base64
import http.server
import sys

CODES = {0: "ok", 5: "NOT_FOUND", 14: "UNAVAILABLE"}
STATUS = {"/shop.Orders/Get": 0, "/shop.Orders/GetMissing": 5, "/shop.Orders/GetText": 5, "/shop.Orders/GetChunked": 14,
          "/shop.Orders/GetUntilClose": 0, "/shop.Orders/GetHead": 5}


def message(body, flags=0):
    return bytes([flags]) + len(body).to_bytes(4, "big") + body


class Calls(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log = None

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = STATUS[self.path]
        Calls.log.write(f"{self.path[1:]} {CODES[status]}\n")
        self.send_response(200)
        trailers = f"grpc-status:{status}\r\ngrpc-message:secret\r\n".encode()
        if self.path.endswith("Text"):
            self.answer("-text+proto", base64.b64encode(message(b"order")) + base64.b64encode(message(trailers, 0x80)))
        elif self.path.endswith("Head"):
            self.send_header("grpc-status", str(status))
            self.answer("+proto", b"")
        elif self.path.endswith("Chunked"):
            self.send_type("+proto", "Transfer-Encoding", "chunked")
            for piece in (message(b"order" * 1000), message(trailers, 0x80)[:9], message(trailers, 0x80)[9:], b""):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        elif self.path.endswith("UntilClose"):
            self.send_type("+proto", "Connection", "close")
            self.wfile.write(message(b"order") + message(trailers, 0x80))
            self.close_connection = True
        else:
            self.answer("+proto", message(b"order") + message(trailers, 0x80))

    def answer(self, variant, body):
        self.send_type(variant, "Content-Length", str(len(body)))
        self.wfile.write(body)

    def send_type(self, variant, name, value):
        self.send_header("Content-Type", f"application/grpc-web{variant}")
        self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_arguments):
        """The base class would write a line to stderr for each request."""


if __name__ == "__main__":
    Calls.log = open(sys.argv[2], "a", buffering=1, encoding="utf-8")
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Calls).serve_forever()
