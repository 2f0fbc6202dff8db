"""Runs a program with a Python that is not as it should be: a copy of /usr/bin/python3 with something changed in its file, or
with something else in its process.

odd_python.py KIND COPY PROGRAM ARGUMENT…      COPY: where the copy is written

    version   it says that it is 3.99
    symbols   it has no symbol _PyRuntime
    loaded    it has loaded a second libpython, and never begins it
"""
import ctypes
import os
import pathlib
import re
import struct
import subprocess
import sys


def symbol_address(file, name):
    shown = subprocess.run(["readelf", "-W", "--dyn-syms", file], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"([0-9a-f]+) +\d+ \w+ +GLOBAL \w+ +\d+ {name}\b", shown)[1], 16)


def file_offset(file, address):
    shown = subprocess.run(["readelf", "-Wl", file], capture_output=True, text=True, check=True).stdout
    for offset, start, size in re.findall(r"LOAD +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+)", shown):
        if 0 <= address - int(start, 16) < int(size, 16):
            return int(offset, 16) + address - int(start, 16)
    raise ValueError(f"{file} has no bytes at {address:x}")


def main():
    kind, copy, program = sys.argv[1], sys.argv[2], sys.argv[3:]
    python = os.path.realpath("/usr/bin/python3")
    bytes_of_it = bytearray(pathlib.Path(python).read_bytes())
    if kind == "version":
        at = file_offset(python, symbol_address(python, "Py_Version"))
        bytes_of_it[at:at + 4] = struct.pack("<I", 0x036300F0)
    elif kind == "symbols":
        at = bytes_of_it.index(b"\0_PyRuntime\0")
        bytes_of_it[at:at + 12] = b"\0_PyNothing\0"
    else:
        return load(program)
    pathlib.Path(copy).write_bytes(bytes_of_it)
    os.chmod(copy, 0o755)
    os.execv(copy, [python, *program])


def load(program):
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        ctypes.PyDLL(f"libpython{version}.so.1.0")
    except OSError:
        print(f"skip: there is no libpython{version}", file=sys.stderr)
        sys.exit(77)
    sys.argv = program
    exec(compile(pathlib.Path(program[0]).read_text(encoding="utf-8"), program[0], "exec"), {"__name__": "__main__", "__file__": program[0]})


main()
