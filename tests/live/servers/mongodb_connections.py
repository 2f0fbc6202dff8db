#!/usr/bin/python3
"""mongodb_connections.py PORT N: connects N times with PyMongo, asks for one ping, and says good-bye.

Each time that is four uses: a hello on the connection of its monitor; hello, ping and endSessions on the other one.
"""
import sys

import client

try:
    import pymongo
except ImportError:
    client.skip("PyMongo is not installed: python3-pymongo")

for _ in range(int(sys.argv[2])):
    connection = pymongo.MongoClient("127.0.0.1", int(sys.argv[1]), heartbeatFrequencyMS=3600 * 1000)
    connection.admin.command("ping")
    connection.close()
