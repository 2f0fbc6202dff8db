/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the stacks probe reports: where threads are while they run, and while they wait.
 *
 * A frame is the address of an instruction: of the interrupted one for the innermost frame, otherwise of the byte in front
 * of the return address, so that it lies within the call. A user frame is normalised at once, so that it still has a meaning
 * once the process is gone: the module's number in the upper 16 bits, the address in the module below. Module 0: an absolute
 * address of the process, in memory that no file is behind (code made at run time), or not known yet.
 */
#ifndef FOOTFALL_CONTRACT_STACK_EVENTS_H
#define FOOTFALL_CONTRACT_STACK_EVENTS_H

#include "event.h"
#include "script_frames.h"
#include "unwind_table.h"

#define FF_STACK_DEPTH        127 /* frames that are kept, of the kernel and of the user each */
#define FF_FRAME_MODULE_SHIFT 48

enum ff_stack_state {
	FF_STACK_RUNNING = 0, /* sampled by the clock */
	FF_STACK_BLOCKED = 1, /* leaving the CPU to wait */
	FF_STACK_QUEUED = 2,  /* leaving the CPU though it could run: preempted */
	FF_STACK_CALLED = 3,  /* calling a function that is counted */
};

/*
 * One stack. Behind the struct stand kernel_frames and then user_frames addresses of 8 bytes, then script_frames structs
 * ff_script_frame, all innermost first. Where a copy of the stack follows (copied > 0), the addresses have the room of
 * 2 * FF_STACK_DEPTH, used or not, and the script frames behind that of FF_SCRIPT_DEPTH; between them and the copy stand the
 * innermost frame's FF_REGISTERS registers, by DWARF number. A stack of a thread that leaves the CPU is followed by an
 * ff_waited_event of the same thread and `wait`.
 */
struct ff_stack_event {
	struct ff_event event;
	__u32 pid;
	__u32 tid;
	__u16 sleeps;       /* how often the thread went to wait so far, this wait included; wraps around */
	__u16 copied_below; /* of the copied bytes, so many lie below the stack pointer */
	__u8 state;         /* enum ff_stack_state */
	__u8 stop;          /* enum ff_stop: why the user stack ends where it does */
	__u8 kernel_frames;
	__u8 user_frames;
	__u64 weight; /* RUNNING: ns that this sample stands for; else: of how many waits or calls it is one, times 2^16 */
	__u64 wait;   /* BLOCKED, QUEUED: the number of the wait; CALLED: of which function, FF_CALLED() of call_events.h */
	__u64 guessed[2];          /* bit n: user frame n was found by frame pointer where no table was */
	__s32 system_call;         /* that the thread is in, or -1 */
	__u32 copied;              /* bytes of the user's stack at the end, for the agent to walk */
	__u64 instruction_pointer; /* copied > 0: where the walk begins */
	__u64 stack_start;         /* mm->start_stack: which program the process was then */
	char comm[FF_COMM_LENGTH]; /* the thread's name */
	__u8 runtime;              /* enum ff_runtime: what runs scripts in the process, as far as it is known */
	__u8 script_stop;          /* enum ff_script_stop: how the walk over the script frames ended */
	__u8 script_frames;
	__u8 reserved[5];
};
FF_ASSERT_SIZE(struct ff_stack_event, 112);

/* A wait whose stack was reported is over. */
struct ff_waited_event {
	struct ff_event event;
	__u32 pid;
	__u32 tid;
	__u64 wait;
	__u64 blocked_ns; /* until somebody woke it */
	__u64 queued_ns;  /* from then, or from its preemption, until it ran */
};
FF_ASSERT_SIZE(struct ff_waited_event, 48);

#endif
