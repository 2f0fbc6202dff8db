"""Prints line tables of the running Python, and the lines that it finds in them itself, for line_table_test.cc:

    for v in 3.9 3.10 3.11 3.13; do python$v record_lines.py; done > lines.txt

A line for each code object: the version's minor number, the first line, the table as hex, and POSITION:LINE of each
instruction (0: it has none).
"""
import dis
import sys


def plain(a, b):
    c = a + b

    if c:
        return [
            a,
            b]
    return c


def comprehending(rows):
    return {row: [x
                  for x in row
                  if x] for row in rows}


def catching(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        raise ValueError(
            path) from error
    finally:
        print("done")


async def waiting(things):
    async for thing in things:
        await thing
    yield things


FAR = "def far():\n" + "    x = 1\n" * 40 + "\n" * 700 + "    y = [" + "1, " * 300 + "]\n" + "\n" * 3000 + "    return (x,\n\n\n y)\n"
BACK = "def back(f):\n    return f(\n" + "\n" * 200 + "        1,\n" + "\n" * 200 + "        2)\n"
made = {}
exec(FAR + BACK, made)


def codes_of(code):
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from codes_of(constant)


def lines_of(code):
    """By the interpreter's own reading, for each instruction."""
    if sys.version_info >= (3, 10):
        ranges = list(code.co_lines())
        found = {at: line or 0 for begin, end, line in ranges for at in range(begin, end, 2)}
        return {at: found.get(at, 0) for at in range(0, len(code.co_code), 2)}
    starts, line, lines = dict(dis.findlinestarts(code)), code.co_firstlineno, {}
    for at in range(0, len(code.co_code), 2):
        line = starts.get(at, line)
        lines[at] = line
    return lines


for function in (plain, comprehending, catching, waiting, made["far"], made["back"], codes_of):
    for code in codes_of(function.__code__):
        table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
        lines = " ".join(f"{at}:{line}" for at, line in lines_of(code).items())
        print(sys.version_info[1], code.co_firstlineno, table.hex(), lines)
