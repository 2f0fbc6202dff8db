"""The servers that live tests watch. Each knows, by its own log, what it answered: the oracle."""
import collections
import dataclasses
import http.client
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import string
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVERS = HERE / "servers"
SHOP = HERE.parents[1] / "packaging/demo/shop.py"
PYTHON = "/usr/bin/python3"


class Skip(Exception):
    """The case can't run here; the text says why."""


@dataclasses.dataclass
class Answered:
    """What was answered for one operation. bytes are None where the server's log does not tell."""

    uses: int = 0
    errors: int = 0
    statuses: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    request_bytes: int | None = None
    response_bytes: int | None = None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def operation_of(method, target):
    """The low-cardinality name of a request: no query, numbers as {id}."""
    path = target.partition("?")[0]
    return f"{method} {re.sub(r'(?<=/)[0-9]+(?=/|$)', '{id}', path)}"


def read_log(path):
    answered = collections.defaultdict(Answered)
    for line in path.read_text(encoding="utf-8").splitlines():
        method, target, status = line.split(" ")
        entry = answered[operation_of(method, target)]
        entry.uses += 1
        entry.errors += status >= "500"
        entry.statuses[status] += 1
    return answered


class Server:
    """One started server: its pid (children belong to it), its port, and what it answered."""

    def __init__(self, processes, directory, arguments):
        self.processes = processes
        self.directory = directory
        self.arguments = arguments
        self.log = directory / f"answered-{len(processes.started)}.log"
        self.port = free_port()
        self.process = None

    def start(self, command, **options):
        self.log.touch()
        self.log.chmod(0o666)
        self.process = self.processes.start(command, **options)
        self.await_port(self.port, self.process)

    @staticmethod
    def await_port(port, process):
        for _ in range(1000):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended at once: {process.args}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise RuntimeError(f"nothing listens on port {port}")

    def variables(self):
        return {"PID": self.process.pid, "PORT": self.port}

    def answered(self):
        return read_log(self.log)

    def go(self):
        """Servers that wait for a word begin here."""


class Nginx(Server):
    """nginx: files, fixed answers, and /shop/ passed on to the application on the port in `arguments`, if there is one."""

    def __init__(self, processes, directory, arguments, workers=2, log=True):
        super().__init__(processes, directory, arguments)
        if not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"):
            raise Skip("nginx is not installed")
        root = directory / f"nginx-{self.port}"
        (root / "files").mkdir(parents=True)
        (root / "files/hello.txt").write_text("hello\n", encoding="utf-8")
        (root / "files/large.bin").write_bytes(bytes(1 << 20))
        upstream = arguments[0] if arguments else "1"
        text = (SERVERS / "nginx.conf").read_text(encoding="utf-8")
        values = {"PORT": self.port, "ROOT": root, "UPSTREAM": upstream, "WORKERS": workers,
                  "LOG": f"{self.log} answered" if log else "off"}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        (root / "nginx.conf").write_text(self.configure(text), encoding="utf-8")
        command = [shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")]
        self.start([*command, "-p", str(root), "-e", "stderr", "-c", str(root / "nginx.conf")])

    def configure(self, text):
        return text


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

    def __init__(self, processes, directory, arguments):
        self.key, self.certificate = certificate(directory)
        super().__init__(processes, directory, arguments)

    def configure(self, text):
        return text.replace(" backlog=1024;", f" ssl;\n    ssl_certificate {self.certificate};\n    ssl_certificate_key {self.key};")


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


class Shop(Server):
    """The demo's application: a threading http.server, HTTP/1.1."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        options = {}
        if arguments:
            options = {"user": int(arguments[0]), "group": int(arguments[0]), "extra_groups": []}
        self.start([PYTHON, str(SHOP), str(self.port), str(self.log)], **options)


class Files(Server):
    """python3 -m http.server; its own log goes to stderr."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        (directory / "hello.txt").write_text("hello\n", encoding="utf-8")
        self.stderr = directory / f"files-{self.port}.log"
        with self.stderr.open("wb") as stderr:
            command = [PYTHON, "-u", "-m", "http.server", "--bind", "127.0.0.1", "-d", str(directory), "--protocol", arguments[0]]
            self.start([*command, str(self.port)], stderr=stderr)

    def answered(self):
        lines = re.findall(r'"(\S+) (\S+) HTTP/[\d.]+" (\d+) ', self.stderr.read_text(encoding="utf-8"))
        self.log.write_text("".join(" ".join(line) + "\n" for line in lines), encoding="utf-8")
        return read_log(self.log)


class Node(Server):
    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        node = shutil.which("node")
        if not node:
            raise Skip("node is not installed")
        self.start([node, str(SERVERS / "app.js"), str(self.port), str(self.log)])


class Sockio(Server):
    """Server and client in one: tests/live/servers/sockio.h."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = os.environ["SOCKIO"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = processes.start([program, *arguments], env={**os.environ, "TMPDIR": str(directory)}, **pipes)
        self.pids = self.read()
        self.oracle = {"operations": []}

    def read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        reason = self.process.stderr.read().strip()
        if self.process.wait() == 77:
            raise Skip(reason)
        raise RuntimeError(reason or "sockio ended without a word")

    def variables(self):
        return {"PID": self.pids["pid"], "SERVER_PID": self.pids["server"], "CLIENT_PID": self.pids["client"], "PORT": 0}

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.oracle = self.read()

    def answered(self):
        answered = collections.defaultdict(lambda: Answered(request_bytes=0, response_bytes=0))
        for row in self.oracle["operations"]:
            entry = answered[row["operation"]]
            entry.uses += row["uses"]
            entry.errors += row["uses"] if row["error"] else 0
            entry.request_bytes += row["request_bytes"]
            entry.response_bytes += row["response_bytes"]
            if not row["error"] or row["status"] >= 500:
                entry.statuses[str(row["status"])] += row["uses"]
        return answered


KINDS = {"nginx": Nginx, "shop": Shop, "files": Files, "node": Node, "sockio": Sockio, "tls_nginx": TlsNginx,
         "tls_python": TlsPython, "tls_node": TlsNode, "tls_openssl": TlsOpenssl}


def start(processes, directory, line, variables):
    kind, *arguments = [string.Template(word).substitute(variables) for word in shlex.split(line)]
    return KINDS[kind](processes, directory, arguments)


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().read().decode()
