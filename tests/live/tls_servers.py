"""Servers over TLS, each with another library or another way to use it."""
import os
import re
import shutil
import subprocess

from server import PYTHON, SERVERS, Server, Skip, read_log
from web_servers import Nginx


def certificate(directory):
    """Key and certificate of whoever serves TLS here, made once."""
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    key, own = directory / "key.pem", directory / "certificate.pem"
    if not own.exists():
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        subprocess.run([*command, "-keyout", str(key), "-out", str(own)], check=True, capture_output=True)
    return key, own


class TlsNginx(Nginx):
    """nginx with TLS."""

    def __init__(self, processes, directory, arguments, **settings):
        self.key, self.certificate = certificate(directory)
        super().__init__(processes, directory, arguments, **settings)

    def configure(self, text):
        return text.replace(" backlog=1024;", f" ssl;\n    ssl_certificate {self.certificate};\n    ssl_certificate_key {self.key};")


class TlsNginxHttp2(TlsNginx):
    """nginx with HTTP/2 over TLS."""

    def configure(self, text):
        return super().configure(text).replace(" ssl;", " ssl http2;")


class TlsPython(Server):
    """Python's ssl: `threads`, whose library reads the sockets, or `asyncio`, which does so itself."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        key, own = certificate(directory)
        self.start([PYTHON, str(SERVERS / "tls_server.py"), arguments[0], str(self.port), str(self.log), str(key), str(own)])


class TlsNode(Server):
    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        node = shutil.which("node")
        if not node:
            raise Skip("node is not installed")
        key, own = certificate(directory)
        self.start([node, str(SERVERS / "app.js"), str(self.port), str(self.log), str(key), str(own)])


class TlsOpenssl(Server):
    """openssl s_server -WWW: one connection after the other, of one request each; its log goes to stderr."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        key, own = certificate(directory)
        (directory / "hello.txt").write_text("hello\n", encoding="utf-8")
        self.stdout = directory / f"openssl-{self.port}.log"
        with self.stdout.open("wb") as stdout:
            command = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-key", str(key), "-cert", str(own), "-WWW"]
            self.start(command, stdout=stdout, stderr=stdout, cwd=directory)

    def answered(self):
        lines = re.findall(r"^FILE:(\S+)", self.stdout.read_text(encoding="utf-8", errors="replace"), re.M)
        self.log.write_text("".join(f"GET /{line} 200\n" for line in lines), encoding="utf-8")
        return read_log(self.log)


class TlsGo(Server):
    """A Go program, which brings its own TLS; its arguments are of the linker: -s -w strips it."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        if not shutil.which("go"):
            raise Skip("go is not installed")
        key, own = certificate(directory)
        program = directory / "tls_server"
        subprocess.run(["go", "build", "-ldflags", " ".join(arguments), "-o", str(program), str(SERVERS / "tls_server.go")],
                       check=True, capture_output=True, env={**os.environ, "GO111MODULE": "off"})
        self.start([str(program), str(self.port), str(self.log), str(key), str(own)])


class TlsGnutls(Server):
    """gnutls-serv: it says nothing of what it answered."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        if not shutil.which("gnutls-serv"):
            raise Skip("gnutls-serv is not installed")
        key, own = certificate(directory)
        command = ["gnutls-serv", "--quiet", "--http", "--x509keyfile", str(key), "--x509certfile", str(own), "-p", str(self.port)]
        self.start(command)
