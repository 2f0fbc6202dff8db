#!/usr/bin/env python3
"""A client of PostgreSQL that brings OpenSSL 1.1.1 as a library of its own: tls_psycopg2.py PORT FOOTFALL-COMMAND…

Has footfall watch itself, then connects five times over TLS, with two queries each. What footfall prints is printed.
"""
import os
import pathlib
import signal
import subprocess
import sys

FETCHED = pathlib.Path(__file__).resolve().parents[3] / "build/servers/psycopg2_openssl11"


def main():
    sys.path.insert(0, str(FETCHED))
    try:
        import psycopg2  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        print(f"skip: psycopg2 with OpenSSL 1.1.1 is not there ({error}): tests/live/get_servers.sh openssl11", file=sys.stderr)
        sys.exit(77)
    port, command = sys.argv[1], sys.argv[2:]
    with subprocess.Popen([*command, "--pid", str(os.getpid())], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as footfall:
        for line in footfall.stderr:
            if "recording" in line:
                break
        for _ in range(5):
            connection = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", sslmode="require")
            connection.autocommit = True
            cursor = connection.cursor()
            for query in "SELECT 1", "SELECT count(*) FROM pg_class":
                cursor.execute(query)
                cursor.fetchall()
            connection.close()
        footfall.send_signal(signal.SIGINT)
        sys.stdout.write(footfall.communicate()[0])
    sys.exit(footfall.returncode)


if __name__ == "__main__":
    main()
