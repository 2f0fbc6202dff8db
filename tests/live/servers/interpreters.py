"""Programs that are in Python at known places, in ways that are hard to see.

interpreters.py KIND SECONDS

    spin      one function
    sub       another interpreter of the process, on the same thread
    fork      a child that executes nothing
    threads   one of many threads; the others wait
    waits     three threads that wait
    made      functions that are compiled, called and freed
"""
import os
import sys
import threading
import time

SUB = """
import time
until = time.monotonic() + {}
def in_sub():
    while time.monotonic() < until: pass
in_sub()
"""


def spin(until):
    while time.monotonic() < until:
        pass


def runs_another(until):
    import _xxsubinterpreters as interpreters  # until 3.12
    interpreters.create()
    interpreters.run_string(interpreters.create(), SUB.format(until - time.monotonic()))


def in_child(until):
    while time.monotonic() < until:
        pass


def forks(until):
    if os.fork() == 0:
        in_child(until)
        os._exit(0)
    os.wait()


def among_many(until):
    threads = [threading.Thread(target=time.sleep, args=(until - time.monotonic(),)) for _ in range(300)]
    for thread in threads:
        thread.start()
    spin(until)


def wait(until):
    threading.Event().wait(until - time.monotonic())


def waits(until):
    threads = [threading.Thread(target=wait, args=(until,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait(until)


def makes(until):
    number = 0
    while time.monotonic() < until:
        number += 1
        made = {}
        exec(compile(f"def made_{number}(n):\n    return sum(i * i for i in range(n))\n", f"<made {number}>", "exec"), made)
        made[f"made_{number}"](20_000)


KINDS = {"spin": spin, "sub": runs_another, "fork": forks, "threads": among_many, "waits": waits, "made": makes}
KINDS[sys.argv[1]](time.monotonic() + float(sys.argv[2]))
