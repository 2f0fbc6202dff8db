"""The servers that live tests watch. Each knows, by its own log, what it answered: the oracle."""
import collections
import http.client
import json
import os
import shlex
import string
import subprocess
import time

from server import PYTHON, SERVERS, Answered, Server, Skip, free_port  # noqa: F401  (some for those who import this)
from web_servers import Files, Nginx, Node, PhpFpm, Shop
from tls_servers import TlsBoring, TlsCaddy, TlsGnutls, TlsGo, TlsNginx, TlsNginxHttp2, TlsNginxKernel, TlsNginxOwn, TlsNode, TlsOpenssl, TlsProxy, TlsPython, TlsRust
from http2_servers import GrpcCalls, GrpcWeb, Nghttpd, Nghttpx, NginxHttp2
from database_servers import ask  # noqa: F401
from database_servers import Cassandra, FerretDb, MariaDb, Memcached, Postgresql, Redis


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


class Warm(Server):
    """No server, but what makes those behind one older than footfall: asks N times at once, then empties the logs.

    `warm PORT PATH N`"""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        self.port, path, number = int(arguments[0]), arguments[1], int(arguments[2])
        connections = [http.client.HTTPConnection("127.0.0.1", self.port, timeout=10) for _ in range(number)]
        for connection in connections:
            connection.request("GET", path)
        for connection in connections:
            connection.getresponse().read()
            connection.close()
        time.sleep(0.2)
        for log in directory.glob("answered-*.log"):
            os.truncate(log, 0)

    def variables(self):
        return {"PID": 0, "PORT": self.port}


class Client(Server):
    """A client that is connected before footfall comes, and counts what it asks from then on: servers/client.py.

    `client SCRIPT ARGUMENT…`"""

    kinds = ("mongodb", "cassandra", "redis", "memcached")

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        self.counted = {}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = processes.start([PYTHON, str(SERVERS / arguments[0]), *arguments[1:]], **pipes)
        self.read()

    def read(self):
        line = self.process.stdout.readline().strip()
        if line:
            return line
        said = self.process.stderr.read().strip()
        if self.process.wait() == 77:
            raise Skip(said.removeprefix("skip: "))
        raise RuntimeError(said or "the client ended without a word")

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.counted = json.loads(self.read())

    def answered(self):
        def errors(outcomes):
            return sum(number for outcome, number in outcomes.items() if outcome not in ("ok", "unknown"))
        return {operation: Answered(sum(outcomes.values()), errors(outcomes), collections.Counter(outcomes))
                for operation, outcomes in self.counted.items()}


KINDS = {"cassandra": Cassandra, "client": Client, "ferretdb": FerretDb, "files": Files, "grpc_calls": GrpcCalls, "grpc_web": GrpcWeb, "mariadb": MariaDb,
         "memcached": Memcached, "nghttpd": Nghttpd, "nghttpx": Nghttpx, "nginx": Nginx, "nginx_http2": NginxHttp2, "node": Node, "php-fpm": PhpFpm,
         "postgresql": Postgresql, "redis": Redis, "shop": Shop, "sockio": Sockio, "tls_boring": TlsBoring, "tls_caddy": TlsCaddy, "tls_gnutls": TlsGnutls, "tls_go": TlsGo,
         "tls_nginx": TlsNginx, "tls_nginx_http2": TlsNginxHttp2, "tls_nginx_ktls": TlsNginxKernel, "tls_nginx_own": TlsNginxOwn,
         "tls_node": TlsNode, "tls_openssl": TlsOpenssl, "tls_proxy": TlsProxy, "tls_python": TlsPython, "tls_rust": TlsRust,
         "warm": Warm}


def start(processes, directory, line, variables):
    kind, *arguments = [string.Template(word).substitute(variables) for word in shlex.split(line)]
    return KINDS[kind](processes, directory, arguments)


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().read().decode()
