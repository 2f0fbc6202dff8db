#!/usr/bin/python3
"""redis-cli --pipe with many SETs, as lines or as arrays of strings.

    redis_pipe.py PORT line|array COUNT BYTES_OF_VALUE
"""
import subprocess
import sys

port, form, count, length = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
value = "v" * length
if form == "line":
    commands = "".join(f"SET key:{number} {value}\r\n" for number in range(count))
else:
    commands = "".join(f"*3\r\n$3\r\nSET\r\n$9\r\nkey:{number:05}\r\n${length}\r\n{value}\r\n" for number in range(count))
subprocess.run(["redis-cli", "-p", port, "--pipe"], input=commands.encode(), stdout=subprocess.DEVNULL, check=True, timeout=60)
