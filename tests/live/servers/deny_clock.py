#!/usr/bin/env python3
"""deny_clock.py COMMAND...: runs it where no perf event can be enabled, as footfall does to its sampling clocks."""
import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
SYSTEM_CALL, SECOND_ARGUMENT = 0, 24  # offsets in struct seccomp_data
IOCTL, PERF_EVENT_IOC_ENABLE = 16, 0x2400
ALLOW, EACCES = 0x7FFF0000, 0x00050000 | 13

RULES = [(LOAD, 0, 0, SYSTEM_CALL), (IF_EQUAL, 0, 3, IOCTL),
         (LOAD, 0, 0, SECOND_ARGUMENT), (IF_EQUAL, 0, 1, PERF_EVENT_IOC_ENABLE),
         (RETURN, 0, 0, EACCES), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *rule) for rule in RULES))
program = struct.pack("@HP", len(RULES), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, program, 0, 0):
    sys.exit(f"deny_clock.py: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
