#!/usr/bin/env python3
"""Connections over TLS that are older than footfall: tls_late.py -c CONNECTIONS -n REQUESTS server|client PID.

Opens them to 127.0.0.1:$PORT and uses each a few times; then starts $FOOTFALL on the server (PID) or on itself, uses each of
them REQUESTS times more, and ends it. What footfall prints is printed.
"""
import argparse
import http.client
import os
import signal
import ssl
import subprocess
import sys


def use(connections, times):
    for number in range(times):
        for connection in connections:
            connection.request("GET", f"/orders/{number}")
            connection.getresponse().read()


def start_footfall(pid):
    command = [os.environ["FOOTFALL"], "record", "--json", "--stacks", "none", "--pid", str(pid)]
    footfall = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in footfall.stderr:
        if "recording" in line:
            return footfall
    sys.exit(f"tls_late.py: footfall ended with {footfall.wait()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=10, dest="requests")
    parser.add_argument("-c", type=int, default=4, dest="connections")
    parser.add_argument("side", choices=["server", "client"])
    parser.add_argument("pid", type=int)
    options = parser.parse_args()
    whoever = ssl._create_unverified_context()  # pylint: disable=protected-access
    connections = [http.client.HTTPSConnection("127.0.0.1", int(os.environ["PORT"]), timeout=30, context=whoever)
                   for _ in range(options.connections)]
    use(connections, 3)
    footfall = start_footfall(options.pid if options.side == "server" else os.getpid())
    use(connections, options.requests)
    for connection in connections:
        connection.close()
    footfall.send_signal(signal.SIGINT)
    sys.stdout.write(footfall.communicate()[0])
    sys.exit(footfall.returncode)


if __name__ == "__main__":
    main()
