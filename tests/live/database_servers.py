"""Databases and caches, counted by their own statistics."""
import fcntl
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

from server import FETCHED, SERVERS, Answered, Server, Skip, free_port
from tls_servers import certificate


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


def install_mariadb(directory, data):
    """Makes the data of a MariaDB. One at a time, and a second time if need be: the script fails now and then beside another one."""
    script = "/usr/bin/mariadb-install-db"
    command = [script, "--no-defaults", "--user=root", "--auth-root-authentication-method=normal", "--skip-test-db", data]
    with open(script, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            shutil.rmtree(directory / "mariadb", ignore_errors=True)
            subprocess.run(command, check=True, capture_output=True)


class MariaDb(Server):
    """mariadbd on a port and on $DIR/mariadb.sock, with data of its own; root has no password. `tls`: it can do TLS."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        for program in ("mariadbd", "mariadb-install-db"):
            if not shutil.which(program, path="/usr/sbin:/usr/bin"):
                raise Skip(f"{program} is not installed")
        data = f"--datadir={directory}/mariadb"
        install_mariadb(directory, data)
        if arguments[:1] == ["tls"]:
            key, own = certificate(directory)
            arguments = [f"--ssl-key={key}", f"--ssl-cert={own}", *arguments[1:]]
        self.start(["/usr/sbin/mariadbd", "--no-defaults", "--user=root", data, f"--socket={directory}/mariadb.sock",
                    f"--port={self.port}", "--bind-address=127.0.0.1", f"--pid-file={directory}/mariadb.pid", "--skip-log-bin",
                    "--local-infile=1", "--innodb-buffer-pool-size=32M", "--max-allowed-packet=64M",
                    "--innodb-flush-log-at-trx-commit=0", *arguments], stderr=subprocess.DEVNULL)


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
