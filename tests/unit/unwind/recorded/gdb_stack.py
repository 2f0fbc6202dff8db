"""Run by record.py inside gdb: stops a process at the wanted moment and writes what there is of the stopped thread as JSON.

FOOTFALL_STACK_WANTED is the JSON of: pid, output, and what the moment is:
  at       where to stop (an expression for gdb's break), instead of anywhere
  signal   a signal to send first, which the process is to handle
  setup    commands for gdb before it goes on
  steps    so many instructions behind that
  inside   the innermost frame lies in a module whose name begins so
  least    so many frames at least
  thread   in another thread than the first
  red_zone the innermost frame keeps where its caller's frame is right below the stack pointer
"""
import json
import os
import time

import gdb

REGISTERS = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15".split()  # by DWARF number
MADE_UP = (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)  # frames that have no place on the stack
RED_ZONE = 128  # bytes below the stack pointer that belong to the innermost frame
TRIES = 300


def number(value):
    return int(value) & (2**64 - 1)


def frames_of_thread():
    frame, frames = gdb.newest_frame(), []
    while frame is not None:
        if frame.type() not in MADE_UP:
            frames.append(frame)
        frame = frame.older()
    return frames


def described(frames):
    exact = [True] + [callee.type() == gdb.SIGTRAMP_FRAME for callee in frames]
    return [{"pc": frame.pc(), "exact": is_exact, "name": frame.name()} for frame, is_exact in zip(frames, exact)]


def in_system_call(pc):
    return bytes(gdb.selected_inferior().read_memory(pc - 2, 2)) == b"\x0f\x05"


def module_of(pc):
    for line in open(f"/proc/{gdb.selected_inferior().pid}/maps"):
        words = line.split()
        begin, end = (int(word, 16) for word in words[0].split("-"))
        if begin <= pc < end:
            return os.path.basename(words[-1]) if len(words) > 5 else ""
    return ""


def stack_pointer(frame):
    return number(frame.read_register("rsp"))


def keeps_frame_in_red_zone(frames):
    kept = gdb.selected_inferior().read_memory(stack_pointer(frames[0]) - 8, 8)
    return int.from_bytes(bytes(kept), "little") + 8 == stack_pointer(frames[1])


def fits(wanted, frames):
    pc = frames[0].pc()
    if in_system_call(pc) or len(frames) < wanted.get("least", 0):
        return False
    if wanted.get("thread") and gdb.selected_thread().ptid[1] == gdb.selected_inferior().pid:
        return False
    if wanted.get("red_zone") and not keeps_frame_in_red_zone(frames):
        return False
    ended = frames[-1].unwind_stop_reason() in (gdb.FRAME_UNWIND_OUTERMOST, gdb.FRAME_UNWIND_NO_REASON)
    return ended and module_of(pc).startswith(wanted.get("inside", ""))


def write(wanted, frames):
    inferior = gdb.selected_inferior()
    begin, end = stack_pointer(frames[0]) - RED_ZONE, stack_pointer(frames[-1])
    json.dump({
        "gdb": gdb.VERSION,
        "rip": frames[0].pc(),
        "registers": [number(frames[0].read_register(name)) for name in REGISTERS],
        "maps": open(f"/proc/{inferior.pid}/maps").read(),
        "vdso": vdso(inferior).hex(),
        "stack_address": begin,
        "stack": bytes(inferior.read_memory(begin, end - begin)).hex(),
        "frames": described(frames),
    }, open(wanted["output"], "w"))


def vdso(inferior):
    for line in open(f"/proc/{inferior.pid}/maps"):
        if line.rstrip().endswith("[vdso]"):
            begin, end = (int(word, 16) for word in line.split()[0].split("-"))
            return bytes(inferior.read_memory(begin, end - begin))
    return b""


def go_on(wanted):
    """To the next moment that may fit."""
    if "at" in wanted:
        gdb.execute("continue")
    else:
        gdb.execute("detach")
        time.sleep(0.013)
        gdb.execute(f"attach {wanted['pid']}")


def record(wanted):
    for setting in ("pagination off", "confirm off", "debuginfod enabled off", "backtrace past-main on",
                    "backtrace past-entry on", "print inferior-events off"):
        gdb.execute(f"set {setting}")
    gdb.execute(f"attach {wanted['pid']}")
    for command in wanted.get("setup", []):
        gdb.execute(command)
    if "at" in wanted:
        gdb.execute(f"break {wanted['at']}")
    if "signal" in wanted:
        os.kill(wanted["pid"], wanted["signal"])
    for _ in range(TRIES):
        go_on(wanted)
        if "steps" in wanted and fits({**wanted, "inside": ""}, frames_of_thread()):
            gdb.execute("set scheduler-locking on")
            gdb.execute(f"stepi {wanted['steps']}")
        frames = frames_of_thread()
        if fits(wanted, frames):
            return write(wanted, frames)
    raise gdb.GdbError(f"no moment of {TRIES} was like {wanted}")


record(json.loads(os.environ["FOOTFALL_STACK_WANTED"]))
