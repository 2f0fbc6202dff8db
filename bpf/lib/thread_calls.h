/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which of the counted functions a thread calls, kept with the thread until its next message or wait: so a request costs an
 * event, however often functions are called for it.
 */
#ifndef FOOTFALL_LIB_THREAD_CALLS_H
#define FOOTFALL_LIB_THREAD_CALLS_H

#include <bpf/bpf_helpers.h>

#include "bpf/contract/call_events.h"
#include "maps.h"

struct thread_calls {
	struct ff_calls_event event;
	struct ff_called called[FF_CALLED_MOST];
};

/* Only the thread itself changes its own; the sockets, tls, processes and functions probes share it. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_calls);
} thread_calls SEC(".maps");

/* A global function, as the next ones: the verifier looks at it once. */
__noinline int tell_calls(struct thread_calls *calls)
{
	__u64 size;

	if (!calls || !calls->event.count)
		return 0;
	size = sizeof(calls->event) + calls->event.count * sizeof(struct ff_called);
	calls->event.count = 0;
	barrier_var(size);
	if (size > sizeof(*calls))
		return 0;
	calls->event.event.kind = FF_EVENT_CALLS;
	calls->event.event.size = size;
	calls->event.event.time_ns = bpf_ktime_get_ns();
	calls->event.count = (size - sizeof(calls->event)) / sizeof(struct ff_called);
	if (bpf_ringbuf_output(&events, calls, size, BPF_RB_NO_WAKEUP))
		count(FF_DROP_RING_FULL);
	else
		count(FF_COUNT_SUBMITTED);
	calls->event.count = 0;
	return 0;
}

/* thread: as bpf_get_current_pid_tgid() has it, or 0 where nobody's is running. In front of whatever is told of it. */
static __always_inline void tell_own_calls(__u64 thread)
{
	if (probe_config.thread_calls && thread)
		tell_calls(bpf_task_storage_get(&thread_calls, bpf_get_current_task_btf(), NULL, 0));
}

/* One call of a function (FF_CALLED()) by the thread that is running. */
static __noinline int note_call(__u32 function)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_calls *calls = bpf_task_storage_get(&thread_calls, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u16 sleeps = task->nvcsw;
	__u32 at;

	if (!calls)
		return 0;
	if (calls->event.sleeps != sleeps)
		tell_calls(calls);
	for (at = 0; at < FF_CALLED_MOST && at < calls->event.count; at++) {
		if (calls->called[at].function != function)
			continue;
		++calls->called[at].calls;
		return 0;
	}
	if (at == FF_CALLED_MOST) {
		tell_calls(calls);
		at = 0;
	}
	calls->event.pid = task->tgid;
	calls->event.tid = task->pid;
	calls->event.sleeps = sleeps;
	calls->event.count = at + 1;
	calls->called[at].function = function;
	calls->called[at].calls = 1;
	return 0;
}

#endif
