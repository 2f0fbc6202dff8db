#!/usr/bin/env python3
"""naps.py SECONDS: two processes that play ping-pong over pipes as fast as they can, and a third that naps 50 ms at a time."""
import ctypes
import os
import sys
import time


def name_thread(name):
    ctypes.CDLL(None).prctl(15, name.encode())


def play(come, go, end):
    while time.monotonic() < end:
        os.write(go, b"x")
        os.read(come, 1)
    os.write(go, b"x")


END = time.monotonic() + float(sys.argv[1])
(ping_out, ping_in), (pong_out, pong_in) = os.pipe(), os.pipe()
if os.fork() == 0:
    play(ping_out, pong_in, END)
    os._exit(0)
if os.fork() == 0:
    play(pong_out, ping_in, END)
    os._exit(0)
name_thread("naps")
while time.monotonic() < END:
    time.sleep(0.05)
