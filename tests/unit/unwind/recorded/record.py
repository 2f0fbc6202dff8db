#!/usr/bin/env python3
"""Records stacks of real servers for recorded_walk_test.cc: record.py [--rows UNWIND_ROWS] [NAME...]

Starts each server on loopback, gives it work, stops it in the midst of that with gdb, and writes NAME.stack beside this
script. Needs root, gdb, and for each recording its server. Look at what changed before you commit it.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
SERVERS = ROOT / "tests/live/servers"
BYTES_A_LINE = 48
# No pointer has so many printable bytes one after the other: two of its eight are zero.
TEXT = re.compile(rb"[\x20-\x7e]{7,}")

# --- ELF ---------------------------------------------------------------------------------------------------------------


class Elf:
    """The executable segment and the build-id of an ELF file."""

    PT_LOAD, PT_NOTE, PF_X, NT_GNU_BUILD_ID = 1, 4, 1, 3

    def __init__(self, data):
        self.code, self.build_id = [], "-"
        at, size, count = struct.unpack_from("<Q", data, 32) + struct.unpack_from("<HH", data, 54)
        for i in range(count):
            kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at + i * size)
            if kind == self.PT_LOAD and flags & self.PF_X:
                self.code.append((offset & ~4095, address - offset))
            if kind == self.PT_NOTE:
                self.read_notes(data[offset : offset + length])

    def read_notes(self, notes):
        at = 0
        while at + 12 <= len(notes):
            name, length, kind = struct.unpack_from("<III", notes, at)
            at += 12 + (name + 3 & ~3)
            if kind == self.NT_GNU_BUILD_ID:
                self.build_id = notes[at : at + length].hex()
            at += length + 3 & ~3

    def bias(self, begin, offset):
        """Of a mapping that begins with this offset of the file."""
        return begin - offset - next((over for first, over in reversed(self.code) if first <= offset), 0)


# --- from what gdb saw to a recording ----------------------------------------------------------------------------------


def executable_mappings(seen, folder):
    """begin, end, bias, build-id, module, file: of each mapping with code that comes from a file."""
    for line in seen["maps"].splitlines():
        words = line.split()
        if "x" not in words[1] or len(words) < 6 or words[5] == "[vsyscall]":
            continue
        begin, end = (int(word, 16) for word in words[0].split("-"))
        path = pathlib.Path(words[5])
        if words[5] == "[vdso]":
            path = folder / "[vdso]"
            path.write_bytes(bytes.fromhex(seen["vdso"]))
        elf = Elf(path.read_bytes())
        yield begin, end, elf.bias(begin, int(words[2], 16)), elf.build_id, path.name, path


def row_lines(seen, mappings, rows):
    looked_up = {}
    for frame in seen["frames"]:
        address = frame["pc"] - (0 if frame["exact"] else 1)
        mapping = next((one for one in mappings if one[0] <= address < one[1]), None)
        if mapping is None:
            sys.exit(f"record.py: {address:#x} lies in no file: such code has no rows, so take another moment")
        looked_up.setdefault(mapping[4:], set()).add(address - mapping[2])
    for (module, path), addresses in sorted(looked_up.items()):
        given = output_of([rows, path, *(f"{address:x}" for address in sorted(addresses))])
        yield from (f"row {module} {line}" for line in given.splitlines())


def pieces(items, size):
    return (items[i : i + size] for i in range(0, len(items), size))


def without_text(stack):
    """Nothing of the machine and of what the server was given; what a walk reads is pointers."""
    return TEXT.sub(lambda text: bytes(len(text.group())), stack)


def recording(seen, rows, what):
    with tempfile.TemporaryDirectory() as folder:
        mappings = list(executable_mappings(seen, pathlib.Path(folder)))
        yield f"# {what}, stopped by gdb {seen['gdb']}. Made by record.py."
        yield f"rip {seen['rip']:x}"
        yield f"registers {' '.join(f'{value:x}' for value in seen['registers'])}"
        yield "# mapping BEGIN END BIAS MODULE BUILD-ID"
        for begin, end, bias, build_id, module, _ in mappings:
            yield f"mapping {begin:x} {end:x} {bias:x} {module} {build_id}"
        yield "# row MODULE ADDRESS CFA RBP RBX OFFSET, as bpf/contract/unwind_table.h has them"
        yield from row_lines(seen, mappings, rows)
    yield "# frame ADDRESS, innermost first: where gdb says that it is, or will go on"
    for frame in seen["frames"]:
        yield f"frame {frame['pc']:x} {'exact' if frame['exact'] else 'return'} {frame['name'] or '?'}"
    yield "# stack ADDRESS: of the first byte, the lowest of the red zone; it ends where the outermost frame begins"
    yield f"stack {seen['stack_address']:x}"
    for piece in pieces(without_text(bytes.fromhex(seen["stack"])), BYTES_A_LINE):
        yield f"bytes {piece.hex()}"


def refuse_what_is_personal(name, text, stack):
    for word in (platform.node(), str(pathlib.Path.home()), str(ROOT)):
        if len(word) > 3 and (word in text or word.encode() in stack):
            sys.exit(f"record.py: '{word}' is in {name}.stack: take another moment")


def stop(wanted, folder):
    wanted["output"] = str(folder / "seen.json")
    environment = {**os.environ, "FOOTFALL_STACK_WANTED": json.dumps(wanted)}
    done = subprocess.run(["gdb", "-batch", "-nx", "-x", HERE / "gdb_stack.py"], env=environment, capture_output=True,
                          text=True, timeout=120, cwd=folder)
    if not os.path.exists(wanted["output"]):
        sys.exit(f"record.py: gdb took no stack:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(pathlib.Path(wanted["output"]).read_text())


# --- the servers -------------------------------------------------------------------------------------------------------


def output_of(words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


@contextlib.contextmanager
def running(*words, **options):
    process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"record.py: nothing listens on port {port} after 5 s")


@contextlib.contextmanager
def redis(folder):
    port = free_port()
    script = "for n = 1, 60 do local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 20011 end " \
             "table.sort(t, function(a, b) return a < b end) end"
    with running("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--lua-time-limit", 60000,
                 cwd=folder) as server:
        wait_for(port)
        with running("redis-cli", "-p", port, "-r", 1000, "eval", script, 0):
            yield {"pid": server.pid, "inside": "redis", "least": 12}


@contextlib.contextmanager
def nginx(folder):
    port = free_port()
    (folder / "text").write_text("".join(f"{i * i} lines of a page\n" for i in range(100000)))
    (folder / "nginx.conf").write_text(f"""
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 64; }}
http {{ access_log off; gzip on; gzip_types *; gzip_comp_level 6;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
""")
    with running("nginx", "-p", folder, "-c", folder / "nginx.conf") as master:
        wait_for(port)
        worker = int(pathlib.Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()[0])
        ask = f"curl -s -H 'Accept-Encoding: gzip' http://127.0.0.1:{port}/text > /dev/null"
        with running("sh", "-c", f"while {ask}; do :; done"):
            yield {"pid": worker, "inside": "libz", "least": 12}


@contextlib.contextmanager
def python(folder, program, **wanted):
    with running("/usr/bin/python3", "-I", "-c", program, cwd=folder) as process:
        time.sleep(0.5)
        yield {"pid": process.pid, **wanted}


def python_json(folder):
    return python(folder, "import json\nf = lambda n: f(n - 1) if n else json.dumps([{'a': [i]} for i in range(900)])\n"
                          "while 1: list(map(f, [9]))", inside="python3", least=16)


def python_hash(folder, **wanted):
    program = "import hashlib\nmuch = bytes(1 << 24)\nwhile 1: hashlib.sha512(much)"
    return python(folder, program, inside="libcrypto", least=12, **wanted)


@contextlib.contextmanager
def postgres(folder, wanted):
    port = free_port()
    folder.chmod(0o711)
    server = int(output_of([SERVERS / "postgres.sh", str(port)], cwd=folder))
    connect = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-Atq", "postgres", "-c"]
    query = "select md5(string_agg(a::text, ',' order by -a)) from generate_series(1, 400000000) a where sqrt(a) > 1"
    find = "select pid from pg_stat_activity where query like 'select md5(string_agg%'"
    try:
        with running(*connect, query):
            time.sleep(1)
            yield {"pid": int(output_of([*connect, find])), **wanted}
    finally:
        os.kill(server, signal.SIGQUIT)
        while pathlib.Path(f"/proc/{server}").exists():
            time.sleep(0.05)


def postgres_query(folder):
    return postgres(folder, {"inside": "postgres", "least": 14})


def postgres_signal(folder):
    return postgres(folder, {"at": "*StatementCancelHandler", "signal": int(signal.SIGINT), "least": 8,
                             "setup": ["handle SIGINT nostop noprint pass"], "steps": 5})


@contextlib.contextmanager
def corners(folder, way, **wanted):
    program = folder / "corners"
    # The loader's table has the same name in each module.
    subprocess.run(["cc", "-O1", "-g", "-o", program, SERVERS / "corners.c", "-Wl,-z,lazy", "-pthread", "-ldl",
                    "-Wl,--defsym=got_of_corners=_GLOBAL_OFFSET_TABLE_"], check=True)
    with running(program, way, 60) as process:
        time.sleep(0.3)
        yield {"pid": process.pid, **wanted}


def thread_in_vdso(folder):
    return corners(folder, "threads", at="*__vdso_clock_gettime", thread=True, least=6, steps=9, inside="[vdso]")


# A child of fork() ends by _exit(), which its parent never called: the loader looks it up in each.
def loader_binds(folder):
    return corners(folder, "forks", at="*((long*)&got_of_corners)[2]", steps=150, least=5,
                   inside="ld-linux", setup=["set follow-fork-mode child"])


RECORDINGS = {
    "redis": (redis, "redis-server sorts in a Lua script"),
    "nginx": (nginx, "A worker of nginx compresses a page"),
    "python": (python_json, "python3 recurses and writes JSON"),
    "python_hash": (python_hash, "python3 hashes, in a function of libcrypto that realigns its stack"),
    "python_red_zone": (lambda folder: python_hash(folder, red_zone=True),
                        "python3 hashes, in a function of libcrypto that keeps its frame below the stack pointer"),
    "postgres": (postgres_query, "A backend of postgres answers a query"),
    "postgres_signal": (postgres_signal, "A signal interrupts a query of postgres"),
    "thread_in_vdso": (thread_in_vdso, "A thread asks for the time, in the vDSO"),
    "loader_binds": (loader_binds, "The loader binds a function at its first call"),
}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECORDINGS))
    options.add_argument("--rows", default=ROOT / "build/asan/tests/unit/unwind_rows", help="the built unwind_rows")
    given = options.parse_args()
    if shutil.which("gdb") is None:
        sys.exit("record.py: gdb is missing: apt-get install gdb")
    for name in given.names or RECORDINGS:
        start, what = RECORDINGS[name]
        with tempfile.TemporaryDirectory() as folder, start(pathlib.Path(folder)) as wanted:
            seen = stop(wanted, pathlib.Path(folder))
            text = "\n".join(recording(seen, given.rows, what)) + "\n"
        refuse_what_is_personal(name, text, bytes.fromhex(seen["stack"]))
        (HERE / f"{name}.stack").write_text(text)
        print(f"{name}: {len(seen['frames'])} frames, {len(text)} bytes")


main()
