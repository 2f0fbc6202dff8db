/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The record of one stack: begun for a thread, filled by the walks over its native and its script frames, and submitted. */
#ifndef FOOTFALL_LIB_STACK_RECORD_H
#define FOOTFALL_LIB_STACK_RECORD_H

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "script.h"
#include "walk.h"

#define PF_KTHREAD 0x00200000
#define PF_EXITING 0x00000004
#define WEIGHT_ONE 65536 /* ff_stack_event.weight of waits and calls */

enum scratch { SCRATCH_CLOCK, SCRATCH_SCHEDULER, SCRATCH_ITERATOR, SCRATCH_CALLS };

static __always_inline struct walk *find_walk(enum scratch scratch)
{
	__u32 index = bpf_get_smp_processor_id() * FF_SCRATCH_PER_CPU + scratch;

	return bpf_map_lookup_elem(&walks, &index);
}

static __always_inline void begin_walk(struct walk *walk, struct task_struct *task)
{
	__builtin_memset(&walk->event, 0, sizeof(walk->event));
	walk->event.event.kind = FF_EVENT_STACK;
	walk->event.event.time_ns = bpf_ktime_get_ns();
	walk->event.pid = task->tgid;
	walk->event.tid = task->pid;
	walk->event.sleeps = task->nvcsw;
	walk->event.system_call = -1;
	bpf_probe_read_kernel(walk->event.comm, sizeof(walk->event.comm), task->comm);
}

static __always_inline void keep_kernel_stack(struct walk *walk, void *context)
{
	long bytes = bpf_get_stack(context, walk->frames, FF_STACK_DEPTH * sizeof(__u64), 0);

	walk->event.kernel_frames = bytes > 0 ? bytes / sizeof(__u64) : 0;
}

static __always_inline void keep_kernel_stack_of(struct walk *walk, struct task_struct *task)
{
	long bytes = bpf_get_task_stack(task, walk->frames, FF_STACK_DEPTH * sizeof(__u64), 0);

	walk->event.kernel_frames = bytes > 0 ? bytes / sizeof(__u64) : 0;
}

/* Bytes of the frames, once the script's have closed up with the addresses. */
static __always_inline __u64 join_frames(struct walk *walk)
{
	__u64 addresses = walk->event.kernel_frames + walk->event.user_frames, script = walk->event.script_frames;

	if (addresses > 2 * FF_STACK_DEPTH)
		addresses = 2 * FF_STACK_DEPTH;
	if (!script || script > FF_SCRIPT_DEPTH)
		return addresses * sizeof(__u64);
	/* The kernel copies words in ascending order, so that they may move down over themselves. */
	if (!walk->event.copied)
		bpf_probe_read_kernel(walk->frames + addresses, script * sizeof(struct ff_script_frame), walk->script);
	return addresses * sizeof(__u64) + script * sizeof(struct ff_script_frame);
}

/* The frames lie behind the event already; what was copied of the stack has to close up with them. */
static __always_inline void submit_walk(struct walk *walk)
{
	__u64 size = sizeof(walk->event) + join_frames(walk);

	if (walk->event.copied) {
		walk->event.copied = sizeof(walk->copy) < walk->event.copied ? sizeof(walk->copy) : walk->event.copied;
		size = __builtin_offsetof(struct walk, copy) + walk->event.copied;
	}
	if (size > __builtin_offsetof(struct walk, frame))
		return;
	walk->event.event.size = size;
	if (bpf_ringbuf_output(&events, walk, size, BPF_RB_NO_WAKEUP))
		count(FF_DROP_RING_FULL);
	else
		count(FF_COUNT_SUBMITTED);
}

static __always_inline void walk_and_submit(struct walk *walk, const struct task_struct *task, const struct pt_regs *regs)
{
	if (task->flags & (PF_KTHREAD | PF_EXITING)) {
		walk->event.stop = FF_STOP_NO_USER_STACK;
	} else {
		find_interpreter(walk, task);
		walk_user_stack(walk, task, regs);
		walk_script_stack(walk, task);
	}
	submit_walk(walk);
}

#endif
