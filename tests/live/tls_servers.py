"""Servers over TLS, each with another library or another way to use it."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from server import FETCHED, PYTHON, SERVERS, Server, Skip, read_log
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


class TlsNginxKernel(TlsNginx):
    """nginx whose kernel encrypts, in one version of TLS, files by SSL_sendfile."""

    def __init__(self, processes, directory, arguments):
        self.version = arguments[0]
        able = pathlib.Path("/proc/sys/net/ipv4/tcp_available_ulp").read_text(encoding="utf-8")
        if "tls" not in able.split():
            raise Skip("this kernel does not encrypt TLS (module tls)")
        super().__init__(processes, directory, [])

    def configure(self, text):
        options = f"ssl_protocols {self.version};\n    ssl_conf_command Options KTLS;\n    ssl_certificate "
        return super().configure(text).replace("ssl_certificate ", options, 1)


def libraries_of(program):
    return re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout)


class TlsNginxOwn(TlsNginx):
    """nginx with an OpenSSL of its own: `removed` or `replaced` once it runs, in another mount `namespace`, or in a `chroot`."""

    def __init__(self, processes, directory, arguments):
        self.way = arguments[0]
        self.libraries = directory / "libraries"
        self.libraries.mkdir()
        super().__init__(processes, directory, [])

    def start(self, command, **options):
        source = [path for path in libraries_of(command[0]) if "libssl" in path or "libcrypto" in path]
        options["env"] = {**os.environ, "LD_LIBRARY_PATH": str(self.libraries)}
        if self.way == "chroot":
            return super().start(self.in_chroot(command), **options)
        if self.way == "namespace":
            script = 'mount -t tmpfs none "$1" && cp "$2" "$3" "$1" && shift 3 && exec "$@"'
            return super().start(["unshare", "-m", "sh", "-c", script, "sh", str(self.libraries), *source, *command], **options)
        for path in source:
            shutil.copy(path, self.libraries)
        super().start(command, **options)
        for path in self.libraries.iterdir():
            self.take_away(path)

    def take_away(self, path):
        if self.way == "removed":
            path.unlink()
            return
        shutil.copy(path, self.directory / "newer")
        os.replace(self.directory / "newer", path)

    def in_chroot(self, command):
        jail = self.directory / "jail"
        for path in [command[0], "/etc/passwd", "/etc/group", *libraries_of(command[0])]:
            inside = jail / path[1:]
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, inside)
        (jail / str(self.directory)[1:]).mkdir(parents=True)
        script = 'mount --bind "$1" "$2$1" && shift && exec chroot "$@"'
        return ["unshare", "-m", "sh", "-c", script, "sh", str(self.directory), str(jail), *command]


class TlsPython(Server):
    """Python's ssl: `threads`, whose library reads the sockets, or `asyncio`, which does so itself."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        key, own = certificate(directory)
        self.start([PYTHON, str(SERVERS / "tls_server.py"), arguments[0], str(self.port), str(self.log), str(key), str(own)])


class TlsProxy(Server):
    """A proxy that is itself spoken to in TLS; what it answers is not counted."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        key, own = certificate(directory)
        self.start([PYTHON, str(SERVERS / "tls_proxy.py"), str(self.port), str(key), str(own)])


class TlsNode(Server):
    """Node: the one that is installed, or `16`, which carries OpenSSL 1.1.1."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        node = shutil.which(FETCHED / "node16" if arguments else "node")
        if not node:
            raise Skip("Node 16 is not there: tests/live/get_servers.sh node16" if arguments else "node is not installed")
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


class TlsBoring(Server):
    """BoringSSL, a thread for each connection."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = FETCHED / "tls_boring"
        if not program.exists():
            raise Skip("a server with BoringSSL is not there: tests/live/get_servers.sh tls_boring")
        key, own = certificate(directory)
        self.start([str(program), str(self.port), str(self.log), str(key), str(own)])


class TlsRust(Server):
    """rustls: `tokio`, with hyper, or `threads`."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = FETCHED / "tls_rust"
        if not program.exists():
            raise Skip("a server with rustls is not there: tests/live/get_servers.sh tls_rust")
        key, own = certificate(directory)
        self.start([str(program), arguments[0], str(self.port), str(self.log), str(key), str(own)])


CADDYFILE = """{{
	admin off
	auto_https off
	default_sni localhost
}}
:{port} {{
	tls {certificate} {key}
	log {{
		output file {requests}
	}}
	respond /missing "no such page" 404
	respond "hello"
}}
"""


class TlsCaddy(Server):
    """Caddy of Go 1.15, stripped: HTTP/1.1 and 2. Its own log of requests is JSON."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = FETCHED / "caddy"
        if not program.exists():
            raise Skip("Caddy is not there: tests/live/get_servers.sh caddy")
        key, own = certificate(directory)
        self.requests = directory / f"caddy-{self.port}.json"
        configuration = directory / f"caddy-{self.port}.conf"
        configuration.write_text(CADDYFILE.format(port=self.port, certificate=own, key=key, requests=self.requests),
                                 encoding="utf-8")
        own_files = {"XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
        self.start([str(program), "run", "--config", str(configuration), "--adapter", "caddyfile"],
                   env={**os.environ, **own_files})

    def answered(self):
        lines = []
        for line in self.requests.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            lines.append(f"{entry['request']['method']} {entry['request']['uri']} {entry['status']}\n")
        self.log.write_text("".join(lines), encoding="utf-8")
        return read_log(self.log)
