"""Servers of HTTP/2 and gRPC."""
import collections
import os
import shutil
import subprocess

from server import PYTHON, SERVERS, Answered, Server, Skip
from web_servers import Nginx


class NginxHttp2(Nginx):
    """The same, without TLS and by prior knowledge."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments, http2=" http2")


class Nghttpd(Server):
    """nghttpd: files, and a large one. It has no log: h2load and curl count what it answered."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        if not shutil.which("nghttpd"):
            raise Skip("nghttpd is not installed")
        root = directory / f"nghttpd-{self.port}"
        root.mkdir()
        (root / "hello.txt").write_text("hello\n", encoding="utf-8")
        (root / "large.bin").write_bytes(bytes(1 << 20))
        self.start([shutil.which("nghttpd"), "--no-tls", *arguments, "-d", str(root), str(self.port)])


class Nghttpx(Server):
    """nghttpx without TLS, which passes on to the HTTP/2 server on the port in `arguments`; agrees to `Upgrade: h2c`."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        if not shutil.which("nghttpx"):
            raise Skip("nghttpx is not installed")
        self.start([shutil.which("nghttpx"), "--conf=/dev/null", "--workers=1", f"-f127.0.0.1,{self.port};no-tls",
                    f"-b127.0.0.1,{arguments[0]};;proto=h2"], stderr=subprocess.DEVNULL)


class GrpcCalls(Server):
    """tests/live/servers/grpc_calls.cc as a server, which logs each of its calls."""

    kinds = ("grpc",)

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = os.environ["GRPC_CALLS"]
        if not os.access(program, os.X_OK):
            raise Skip("grpc_calls is not built: gRPC is not installed")
        self.start([program, "server", str(self.port), str(self.log)])

    def answered(self):
        answered = collections.defaultdict(Answered)
        for line in self.log.read_text(encoding="utf-8").splitlines():
            operation, code = line.split(" ")
            entry = answered[operation]
            entry.uses += 1
            entry.errors += code != "ok"
            if code != "CUT":
                entry.statuses[code] += 1
        return answered


class GrpcWeb(GrpcCalls):
    """tests/live/servers/grpc_web.py, over HTTP/1.1; curl asks."""

    def __init__(self, processes, directory, arguments):
        Server.__init__(self, processes, directory, arguments)
        self.start([PYTHON, str(SERVERS / "grpc_web.py"), str(self.port), str(self.log)])
