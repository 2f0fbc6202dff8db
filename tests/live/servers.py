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
import sys
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


class Nginx(Server):
    """nginx: files, fixed answers, and /shop/ passed on to the application on the port in `arguments`, if there is one."""

    def __init__(self, processes, directory, arguments, workers=2, log=True, http2=""):
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
                  "LOG": f"{self.log} answered" if log else "off", "HTTP2": http2, "DIR": directory}
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


class TlsGnutls(Server):
    """gnutls-serv: it says nothing of what it answered."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        if not shutil.which("gnutls-serv"):
            raise Skip("gnutls-serv is not installed")
        key, own = certificate(directory)
        command = ["gnutls-serv", "--quiet", "--http", "--x509keyfile", str(key), "--x509certfile", str(own), "-p", str(self.port)]
        self.start(command)


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


class FerretDb(Server):
    """FerretDB over SQLite: a server of MongoDB's protocol. MongoDB's own is in no Debian release."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = FETCHED / "ferretdb"
        if not program.exists():
            raise Skip("FerretDB is not there: tests/live/get_servers.sh ferretdb")
        data = directory / f"ferretdb-{self.port}"
        data.mkdir()
        self.start([str(program), "--handler=sqlite", f"--sqlite-url=file:{data}/", f"--listen-addr=127.0.0.1:{self.port}",
                    "--debug-addr=-", "--telemetry=disable", f"--state-dir={data}", "--log-level=error"], stdout=subprocess.DEVNULL)


def ask(port, request, end):
    """What a server of a text protocol answers, up to a line that begins so."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        said = b""
        while not re.search(end, said):
            data = connection.recv(65536)
            if not data:
                break
            said += data
    return said.decode(errors="replace")


class Redis(Server):
    """redis-server on a port and on $DIR/redis.sock. Its commandstats count the commands; they don't know which failed how."""

    kinds = ("redis",)

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = shutil.which("redis-server")
        if not program:
            raise Skip("redis-server is not installed")
        self.start([program, "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(directory / "redis.sock"),
                    "--dir", str(directory), "--save", "", "--daemonize", "no", *arguments])

    def answered(self):
        answered = {}
        stats = ask(self.port, b"INFO commandstats\r\n", rb"(?s)^\$\d+\r\n.*\r\n$|^-")
        for name, calls, rejected, failed in re.findall(r"cmdstat_([^:]+):calls=(\d+),.*rejected_calls=(\d+),failed_calls=(\d+)", stats):
            if name not in ("info", "config|resetstat"):
                operation = name.upper().replace("|", " ")
                answered[operation] = Answered(int(calls) + int(rejected), int(rejected) + int(failed))
        return answered


class Postgresql(Server):
    """A fresh cluster with a small pgbench in it. Its own count is pg_stat_statements, which check_postgresql.py asks."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        sys.path.insert(0, str(SERVERS))
        import check_postgresql
        if not check_postgresql.BINARIES:
            raise Skip("postgresql is not installed")
        folder = directory / f"postgresql-{self.port}"
        folder.mkdir()
        directory.chmod(0o755)  # the server is another user
        cluster = check_postgresql.Cluster(folder)
        processes.started.append(cluster.process)
        self.port, self.process = cluster.port, cluster.process
class Warm(Server):
    """No server, but what makes those behind one older than footfall: asks N times at once, then empties the logs.
    `warm PORT PATH N`"""
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
class PhpFpm(Server):
    """PHP's own FastCGI server: runs answers.php, whatever is asked for. What it answered is in the log of nginx in front."""
        programs = sorted(pathlib.Path("/usr/sbin").glob("php-fpm*"))
        if not programs:
            raise Skip("PHP's FastCGI server is not installed: php-fpm")
        shutil.copy(SERVERS / "answers.php", directory / "answers.php")
        text = (SERVERS / "php-fpm.conf").read_text(encoding="utf-8").replace("@PORT@", str(self.port))
        (directory / "php-fpm.conf").write_text(text, encoding="utf-8")
        self.start([str(programs[0]), "-n", "-R", "-y", str(directory / "php-fpm.conf")])


def java():
    """One that Cassandra runs on."""
    for version in (11, 17):
        found = pathlib.Path(f"/usr/lib/jvm/java-{version}-openjdk-amd64/bin/java")
        if found.exists():
            return str(found)
    raise Skip("Java 11 or 17 is not installed")


class Cassandra(Server):
    """A single Cassandra, from its jars."""

    # What it reaches into, beyond what Java lets it.
    EXPORTS = ("java.base/jdk.internal.misc java.base/jdk.internal.ref java.base/sun.nio.ch java.sql/java.sql "
               "java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server "
               "java.rmi/sun.rmi.transport java.rmi/sun.rmi.transport.tcp")
    OPENS = ("java.base/java.io java.base/java.lang java.base/java.lang.module java.base/java.lang.reflect java.base/java.net "
             "java.base/java.nio java.base/java.util java.base/java.util.concurrent java.base/java.util.concurrent.atomic "
             "java.base/jdk.internal.loader java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.ref "
             "java.base/jdk.internal.reflect java.base/jdk.internal.util.jar java.base/sun.nio.ch "
             "jdk.management/com.sun.management.internal")

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        jars = FETCHED / "cassandra"
        if not jars.exists():
            raise Skip("Cassandra is not there: tests/live/get_servers.sh cassandra")
        root = directory / f"cassandra-{self.port}"
        root.mkdir()
        text = (SERVERS / "cassandra.yaml").read_text(encoding="utf-8")
        for name, value in {"ROOT": root, "PORT": self.port, "STORAGE_PORT": free_port()}.items():
            text = text.replace(f"@{name}@", str(value))
        (root / "cassandra.yaml").write_text(text, encoding="utf-8")
        command = [java(), f"-javaagent:{next(jars.glob('jamm-*.jar'))}", "-Djdk.attach.allowAttachSelf=true",
                   "-Djava.security.manager=allow", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                   f"-Dcassandra.config=file://{root}/cassandra.yaml", f"-Dcassandra.storagedir={root}",
                   f"-Dlogback.configurationFile={SERVERS / 'logback.xml'}", "-Dcassandra-foreground=yes",
                   "-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=1",
                   "-Dcassandra.superuser_setup_delay_ms=0"]
        for option, packages in (("--add-exports", self.EXPORTS), ("--add-opens", self.OPENS)):
            for package in packages.split():
                command += [option, f"{package}=ALL-UNNAMED"]
        command += ["-cp", f"{jars}/*", "org.apache.cassandra.service.CassandraDaemon"]
        with (root / "log").open("wb") as log:
            self.start(command, stdout=log, stderr=log)

    @staticmethod
    def await_port(port, process):
        for _ in range(120):
            try:
                return Server.await_port(port, process)
            except RuntimeError:
                if process.poll() is not None:
                    raise
        raise RuntimeError(f"nothing listens on port {port}")


class Memcached(Server):
    """memcached on a port, or on $DIR/memcached.sock with `memcached unix`. Its stats count reads by key and writes of any kind."""

    kinds = ("memcached",)

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        program = shutil.which("memcached")
        if not program:
            raise Skip("memcached is not installed")
        self.socket = directory / "memcached.sock"
        if arguments == ["unix"]:
            self.process = processes.start([program, "-u", "root", "-s", str(self.socket)])
            while not self.socket.exists():
                time.sleep(0.02)
        else:
            self.start([program, "-u", "root", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", *arguments])

    def answered(self):
        stats = ask(self.port, b"stats\r\n", rb"END\r\n$")
        counted = {name: int(number) for name, number in re.findall(r"STAT (cmd_get|cmd_set|cmd_flush) (\d+)", stats)}
        operations = {"get": "cmd_get", "set": "cmd_set", "flush_all": "cmd_flush"}
        return {operation: Answered(counted[name]) for operation, name in operations.items() if counted[name]}
class MariaDb(Server):
    """mariadbd on a port and on $DIR/mariadb.sock, with data of its own; root has no password."""
        for program in ("mariadbd", "mariadb-install-db"):
            if not shutil.which(program, path="/usr/sbin:/usr/bin"):
                raise Skip(f"{program} is not installed")
        data = f"--datadir={directory}/mariadb"
        subprocess.run(["/usr/bin/mariadb-install-db", "--no-defaults", "--user=root", "--auth-root-authentication-method=normal",
                        "--skip-test-db", data], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start(["/usr/sbin/mariadbd", "--no-defaults", "--user=root", data, f"--socket={directory}/mariadb.sock",
                    f"--port={self.port}", "--bind-address=127.0.0.1", f"--pid-file={directory}/mariadb.pid", "--skip-log-bin",
                    "--local-infile=1", "--innodb-buffer-pool-size=32M", "--max-allowed-packet=64M",
                    "--innodb-flush-log-at-trx-commit=0", *arguments], stderr=subprocess.DEVNULL)


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


KINDS = {"cassandra": Cassandra, "client": Client, "ferretdb": FerretDb, "files": Files, "grpc_calls": GrpcCalls, "mariadb": MariaDb,
         "memcached": Memcached, "nghttpd": Nghttpd, "nghttpx": Nghttpx, "nginx": Nginx, "nginx_http2": NginxHttp2, "node": Node,
         "postgresql": Postgresql, "redis": Redis, "shop": Shop, "sockio": Sockio, "tls_gnutls": TlsGnutls, "tls_nginx": TlsNginx,
         "tls_node": TlsNode, "tls_openssl": TlsOpenssl, "tls_python": TlsPython, "warm": Warm}


def start(processes, directory, line, variables):
    kind, *arguments = [string.Template(word).substitute(variables) for word in shlex.split(line)]
    return KINDS[kind](processes, directory, arguments)


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().read().decode()
