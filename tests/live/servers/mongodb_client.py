#!/usr/bin/python3
"""PyMongo as a client that counts what it asks by its command monitoring. client.py has the words.

    mongodb_client.py PORT [-n ROUNDS] [-c THREADS]

The connections are made, and have been used, before the word is awaited.
"""
import argparse
import sys

import client

try:
    import pymongo
    from pymongo import errors, monitoring
except ImportError:
    client.skip("PyMongo is not installed: python3-pymongo")


class Counter(monitoring.CommandListener):
    """Counts each command by name, collection and outcome, as PyMongo publishes them."""

    def __init__(self, count):
        self.count = count
        self.running = {}

    def started(self, event):
        first = next(iter(event.command.items()))
        collection = event.command.get("collection") if first[0] == "getMore" else first[1]
        name = event.command_name if event.command_name != "mistyped" else "_OTHER"
        self.running[event.request_id] = f"{name} {collection}" if isinstance(collection, str) else name

    def succeeded(self, event):
        wrong = event.reply.get("writeErrors")
        self.count(self.running.pop(event.request_id), str(wrong[0]["code"]) if wrong else "ok")

    def failed(self, event):
        self.count(self.running.pop(event.request_id), event.failure["codeName"])


def expect_error(call, *arguments):
    try:
        call(*arguments)
    except errors.PyMongoError:
        return
    sys.exit(f"{call} did not fail")


def round_of(database, number):
    orders, large = database.orders, database.large
    orders.insert_one({"_id": number, "customer": "secret"})
    orders.insert_many([{"customer": number, "item": item} for item in range(20)])
    orders.find_one({"customer": number})
    list(orders.find({"customer": number}, batch_size=8))
    orders.update_many({"customer": number}, {"$set": {"seen": True}})
    list(orders.aggregate([{"$match": {"customer": number}}]))
    orders.delete_many({"customer": number})
    expect_error(orders.insert_one, {"_id": number})
    expect_error(database.command, "mistyped")
    expect_error(database.command, {"find": "orders", "filter": 3})
    large.insert_one({"_id": number, "text": "x" * 100000})
    large.find_one({"_id": number})
    database.command("ping")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("-n", type=int, default=20, dest="rounds")
    parser.add_argument("-c", type=int, default=4, dest="threads")
    options = parser.parse_args()
    counts = client.Counts()
    databases = []
    for _ in range(options.threads):
        listener = Counter(counts.add)
        connection = pymongo.MongoClient("127.0.0.1", options.port, maxPoolSize=1, event_listeners=[listener], retryWrites=False,
                                         heartbeatFrequencyMS=3600 * 1000)
        databases.append(connection.shop)
    databases[0].orders.drop()
    databases[0].large.drop()
    for database in databases:
        database.command("ping")
    work = [lambda d=database, t=thread: [round_of(d, t * options.rounds + i) for i in range(options.rounds)]
            for thread, database in enumerate(databases)]
    client.run(counts, work)


main()
