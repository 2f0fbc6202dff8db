"""A program whose Python frames are known: in each of many ways to get there it stands still at a known place, and says what
the interpreter itself has for its stack.

frames.py SECONDS OUT.json [WARM]    SECONDS of CPU in all, behind WARM seconds elsewhere; runs on CPython 3.9 to 3.13, needs no package

OUT.json has a list of stacks, each a list of [function, file, line], innermost first; the function is qualified where the
version knows that. Nothing runs outside of these stacks for long.
"""
import asyncio
import contextlib
import functools
import json
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time

STACKS = []
EACH = 0.1


def stand():
    """The innermost function of every stack, one line long."""
    frame, frames = sys._getframe(), []
    frames.append([name_of(frame.f_code), frame.f_code.co_filename, STANDS])
    while frame := frame.f_back:
        frames.append([name_of(frame.f_code), frame.f_code.co_filename, frame.f_lineno])
    STACKS.append(frames)
    until = time.thread_time() + EACH
    while time.thread_time() < until: pass  # here it stands


def name_of(code):
    return getattr(code, "co_qualname", code.co_name)


STANDS = next(number for number, line in enumerate(pathlib.Path(__file__).read_text(encoding="utf-8").splitlines(), 1)
              if line.endswith("# here " + "it stands"))


def recursion(depth):
    return recursion(depth - 1) if depth else stand()


def through_c():
    sorted([1], key=lambda _: stand())
    list(map(lambda _: stand(), [1]))
    functools.reduce(lambda a, b: stand(), [1, 2])
    re.sub("x", lambda match: str(stand()), "x")
    max([1, 2], key=functools.partial(lambda extra, value: (value == 1 and stand()) or 0, 7))


def generator():
    yield 1
    yield from inner_generator()


def inner_generator():
    stand()
    yield 2


def comprehension():
    return [stand() for _ in range(1)], {key: stand() for key in range(1)}


class Descriptor:
    def __get__(self, instance, owner):
        return stand()


class Shop:
    special = Descriptor()

    @property
    def order(self):
        return stand()

    @staticmethod
    def fixed():
        stand()

    @classmethod
    def of_class(cls):
        stand()

    def __getattr__(self, name):
        return stand()

    def __len__(self):
        stand()
        return 1

    def __del__(self):
        stand()


def decorated(function):
    @functools.wraps(function)
    def wrapper(*arguments, **named):
        return function(*arguments, **named)
    return wrapper


@decorated
@functools.lru_cache(maxsize=1)
def with_decorators(*, value):
    return stand()


def class_bodies():
    class Local:
        stood = stand()

        class Inner:
            stood = stand()


def exec_and_eval():
    exec(compile("\n\ndef made():\n    stand()\nmade()\n", "<made of text>", "exec"), {"stand": stand})
    eval("stand()")


def imports():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "späte_modul.py").write_text("import frames_of_test\n\n\nframes_of_test.stand()\n", encoding="utf-8")
        sys.path.insert(0, folder)
        import späte_modul
        sys.path.remove(folder)


def exceptions():
    try:
        raise ValueError
    except ValueError:
        stand()
    finally:
        stand()


def contexts():
    @contextlib.contextmanager
    def managed():
        stand()
        yield
        stand()
    with managed():
        stand()


def many_lines():
    return dict(
        first=1,
        second=[
            stand(),
        ],
    )


def far_lines():
    pass
FAR = "\n" * 700 + "def far():\n" + "    x = 1\n" * 300 + "    stand()\n"
exec(compile(FAR, "<far>", "exec"), globals())


async def coroutine(depth):
    if depth:
        await coroutine(depth - 1)
    else:
        await asyncio.sleep(0)
        stand()


async def asynchronous():
    await asyncio.gather(coroutine(3), coroutine(1))
    async for _ in async_generator():
        stand()


async def async_generator():
    stand()
    yield 1


def signals():
    signal.signal(signal.SIGUSR1, lambda number, frame: stand())
    signal.raise_signal(signal.SIGUSR1)


def threads():
    started = [threading.Thread(target=lambda: recursion(3)) for _ in range(3)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def ünïcödé_名前():
    stand()


def locals_of_many(a, b, c, /, d, *e, f=1, **g):
    def inner():
        nonlocal a
        a = b, c, d, e, f, g
        stand()
    inner()


WAYS = [
    stand, lambda: recursion(30), through_c, lambda: list(generator()), comprehension, lambda: Shop().order,
    lambda: Shop().special, lambda: Shop().missing, Shop.fixed, Shop.of_class, lambda: len(Shop()),
    lambda: with_decorators(value=1), class_bodies, exec_and_eval, imports, exceptions, contexts, many_lines, lambda: far(),
    lambda: asyncio.run(asynchronous()), signals, threads, ünïcödé_名前, lambda: locals_of_many(1, 2, 3, 4, 5, f=6, g=7),
]


def main():
    global EACH
    sys.modules["frames_of_test"] = sys.modules[__name__]
    EACH = float(sys.argv[1]) / 55
    begin = time.monotonic() + float(sys.argv[3] if len(sys.argv) > 3 else 0)
    while time.monotonic() < begin:
        pass
    for way in WAYS:
        way()
    pathlib.Path(sys.argv[2]).write_text(json.dumps(STACKS), encoding="utf-8")


main()
