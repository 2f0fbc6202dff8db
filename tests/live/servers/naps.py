#!/usr/bin/env python3
"""naps.py NAPS [HELD]: naps of 50 ms, so many, beside two processes that play ping-pong over pipes as fast as they can.

HELD: the parent, which is footfall, is stopped for the first so many seconds of that, as a busy host may do to it.
"""
import ctypes
import os
import signal
import sys
import time


def name_thread(name):
    ctypes.CDLL(None).prctl(15, name.encode())


def child(work, *arguments):
    process = os.fork()
    if process == 0:
        work(*arguments)
        os._exit(0)
    return process


def play(come, go):
    while True:
        os.write(go, b"x")
        os.read(come, 1)


def go_on(process, seconds):
    time.sleep(seconds)
    os.kill(process, signal.SIGCONT)


(ping_out, ping_in), (pong_out, pong_in) = os.pipe(), os.pipe()
if len(sys.argv) > 2:
    os.kill(os.getppid(), signal.SIGSTOP)
    child(go_on, os.getppid(), float(sys.argv[2]))
players = [child(play, ping_out, pong_in), child(play, pong_out, ping_in)]
name_thread("naps")
for _ in range(int(sys.argv[1])):
    time.sleep(0.05)
for player in players:
    os.kill(player, signal.SIGTERM)
    os.waitpid(player, 0)
