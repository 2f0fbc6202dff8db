#!/usr/bin/env python3
"""strange_jvm.py LIBRARY...: loads libraries that are called as a virtual machine's, and runs code of its own making."""
import ctypes
import mmap
import sys
import time

LOOP = bytes([0x48, 0xC7, 0xC1, 0x00, 0x00, 0x00, 0x20, 0x48, 0xFF, 0xC9, 0x75, 0xFB, 0xC3])  # mov $2^29,%rcx; 1: dec; jne 1b; ret

libraries = [ctypes.CDLL(path) for path in sys.argv[1:]]
code = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,
                 prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(LOOP)
run = ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
end = time.monotonic() + 3
while time.monotonic() < end:
    run()
