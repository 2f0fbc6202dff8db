#!/usr/bin/python3
"""A WebSocket server and its clients in one process: each client sends COUNT messages of several sizes and gets each back.

chat.py CLIENTS COUNT [FILE]     exits 0 once all have come back, 77 where the websockets library is missing
                                 FILE: says "begun" when all are connected, and sends once there is such a file
"""
import asyncio
import pathlib
import sys

try:
    import websockets
except ImportError:
    print("skip: python3-websockets is not installed", file=sys.stderr)
    sys.exit(77)

SIZES = (5, 200, 70_000)


async def echo(connection, _path=None):
    async for message in connection:
        await connection.send(message)


async def chat(port, count, begin):
    async with websockets.connect(f"ws://127.0.0.1:{port}/chat/42?name=jo") as connection:
        await begin()
        for number in range(count):
            sent = "x" * SIZES[number % len(SIZES)]
            await connection.send(sent)
            assert await connection.recv() == sent
        await connection.ping()


def all_at_once(clients, file):
    connected = 0

    async def begin():
        nonlocal connected
        connected += 1
        if connected == clients:
            print("begun", flush=True)
        while not pathlib.Path(file).exists():
            await asyncio.sleep(0.02)

    return begin


async def at_once():
    pass


async def main(clients, count, file=None):
    begin = all_at_once(clients, file) if file else at_once
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.gather(*(chat(port, count, begin) for _ in range(clients)))


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
