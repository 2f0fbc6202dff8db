#!/usr/bin/python3
"""redis-py as a client that counts what it asks. client.py has the words.

    redis_client.py PORT [-n ROUNDS] [-c THREADS]

The connections are made, and have been used, before the word is awaited.
"""
import argparse

import client

try:
    import redis
except ImportError:
    client.skip("redis-py is not installed: python3-redis")


class Session:
    """One connection; call() asks one command and counts it under `name` with the outcome that is due."""

    def __init__(self, port, counts):
        self.counts = counts
        self.redis = redis.Redis(port=port, single_connection_client=True, socket_timeout=10)
        self.redis.ping()

    def call(self, name, *words, outcome="ok"):
        self.counts.add(name, outcome)
        try:
            self.redis.execute_command(*words)
        except redis.RedisError as error:
            if outcome == "ok":
                raise RuntimeError(f"{name} failed: {error}") from error
            return
        if outcome != "ok":
            raise RuntimeError(f"{name} did not fail")

    def pipeline(self, depth, transaction):
        pipeline = self.redis.pipeline(transaction=transaction)
        for number in range(depth):
            pipeline.set(f"pipelined:{number}", "1")
            pipeline.incr(f"pipelined:{number}")
        pipeline.execute()
        for name in ("SET", "INCRBY"):
            for _ in range(depth):
                self.counts.add(name, "ok")
        if transaction:
            self.counts.add("MULTI", "ok")
            self.counts.add("EXEC", "ok")

    def failing_transaction(self, key):
        """Commands that are queued, and fail when they are executed."""
        due = [("SET", ("SET", key, "value"), "ok"), ("LPUSH", ("LPUSH", key, "x"), "WRONGTYPE"), ("GET", ("GET", key), "ok"),
               ("INCR", ("INCR", key), "ERR")]
        self.call("MULTI", "MULTI")
        for name, words, outcome in due:
            self.counts.add(name, outcome)
            self.redis.execute_command(*words)
        self.counts.add("EXEC", "ok")
        answers = self.redis.execute_command("EXEC")
        failed = ["ok" if not isinstance(answer, redis.RedisError) else "error" for answer in answers]
        if failed != ["ok", "error", "ok", "error"]:
            raise RuntimeError(f"the transaction was answered by {answers}")

    def round(self, number):
        self.call("SET", "SET", f"secret:{number}", "value")
        self.call("GET", "GET", f"secret:{number}")
        self.call("GET", "GET", "none")
        self.call("LPUSH", "LPUSH", f"secret:{number}", "x", outcome="WRONGTYPE")
        self.call("INCR", "INCR", f"secret:{number}", outcome="ERR")
        self.call("_OTHER", "SECRET", "secret", outcome="ERR")
        self.call("CONFIG GET", "CONFIG GET", "maxmemory")
        self.call("OBJECT ENCODING", "OBJECT ENCODING", f"secret:{number}")
        self.call("EVAL", "EVAL", "return redis.call('PING')", 0)
        self.call("EVALSHA", "EVALSHA", "0" * 40, 0, outcome="NOSCRIPT")
        self.call("DEL", "DEL", f"large:{number}")
        self.call("SET", "SET", f"large:{number}", "x" * 200000)
        self.call("GET", "GET", f"large:{number}")
        self.call("BLPOP", "BLPOP", f"none:{number}", "0.01")
        self.call("RPUSH", "RPUSH", f"list:{number}", *range(100))
        self.call("LRANGE", "LRANGE", f"list:{number}", 0, -1)
        self.pipeline(8, transaction=False)
        self.pipeline(4, transaction=True)
        self.pipeline(500, transaction=False)
        self.failing_transaction(f"secret:{number}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("-n", type=int, default=10, dest="rounds")
    parser.add_argument("-c", type=int, default=4, dest="threads")
    options = parser.parse_args()
    counts = client.Counts()
    sessions = [Session(options.port, counts) for _ in range(options.threads)]
    client.run(counts, [lambda s=session, t=thread: [s.round(t * options.rounds + i) for i in range(options.rounds)]
                        for thread, session in enumerate(sessions)])


main()
