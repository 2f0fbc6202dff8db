#!/usr/bin/env python3
"""Executes programs, so many times each: executes.py TIMES. In a directory that it may write to.

TIMES true (four at once), and of each of these a tenth: a script of its own by way of env, one that fails with 3, one that is
killed, one that goes on as another program, one whose arguments are nobody's business, and one that is not there.
"""
import concurrent.futures
import os
import subprocess
import sys


def script(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, 0o755)
    return "./" + name


def run(*command):
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    times = int(sys.argv[1])
    by_env = script("by_env.sh", "#!/usr/bin/env sh\nexit 0\n")
    fails = script("fails.sh", "#!/bin/sh\nexit 3\n")
    is_killed = script("is_killed.sh", "#!/bin/sh\nkill -9 $$\n")
    goes_on = script("goes_on.sh", f"#!/bin/sh\nexec {sys.executable} -c pass\n")
    secret = script("keeps_secrets.py", "pass\n")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run("true"), range(times)))
    for _ in range(times // 10):
        for name in by_env, fails, is_killed, goes_on:
            run(name)
        run(sys.executable, secret, "--password", "hunter2")
        try:
            run("./is_not_there")
        except FileNotFoundError:
            pass


if __name__ == "__main__":
    main()
