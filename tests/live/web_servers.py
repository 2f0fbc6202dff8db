"""Web servers, in front of files and of applications."""
import pathlib
import re
import shutil

from server import PYTHON, SERVERS, SHOP, Server, Skip, read_log


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


class PhpFpm(Server):
    """PHP's own FastCGI server: runs answers.php, whatever is asked for. What it answered is in the log of nginx in front."""

    def __init__(self, processes, directory, arguments):
        super().__init__(processes, directory, arguments)
        programs = sorted(pathlib.Path("/usr/sbin").glob("php-fpm*"))
        if not programs:
            raise Skip("PHP's FastCGI server is not installed: php-fpm")
        shutil.copy(SERVERS / "answers.php", directory / "answers.php")
        text = (SERVERS / "php-fpm.conf").read_text(encoding="utf-8").replace("@PORT@", str(self.port))
        (directory / "php-fpm.conf").write_text(text, encoding="utf-8")
        self.start([str(programs[0]), "-n", "-R", "-y", str(directory / "php-fpm.conf")])
