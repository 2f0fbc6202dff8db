"""What all servers of the live tests have: a process, a port, and a count of what they answered."""
import collections
import dataclasses
import pathlib
import re
import socket
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVERS = HERE / "servers"
SHOP = HERE.parents[1] / "packaging/demo/shop.py"
PYTHON = "/usr/bin/python3"
FETCHED = HERE.parents[1] / "build/servers"


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

    kinds = ("http",)  # of the operations that it counts

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
