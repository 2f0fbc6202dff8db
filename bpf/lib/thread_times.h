/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How long the current thread has run and queued, to the nanosecond and while it runs.
 *
 * The scheduler adds a run to se.sum_exec_runtime when it looks at the thread: at a tick, or when it leaves its CPU. What
 * has come since is the time from se.exec_start until now, but that is of another clock than programs have: the
 * scheduler's, less what interrupts and a hypervisor took from this CPU. Two differences lead from the one to the other,
 * both kept by CPU:
 *   - `apart`, from the scheduler's clock to the monotonic one. No thread comes to a CPU (sched_info.last_arrival, of the
 *     scheduler's clock) later than it is seen there, so that the smallest difference of one or two seconds is the best
 *     guess. It is a little too large, by the same for all, which the differences of a thread's times don't show.
 *   - `taken`, by interrupts and the hypervisor. Where nothing has been added since the thread came, exec_start is of the
 *     same moment as last_arrival, and less by just this; else it is later, and the difference too small. It never shrinks.
 */
#ifndef FOOTFALL_LIB_THREAD_TIMES_H
#define FOOTFALL_LIB_THREAD_TIMES_H

#include "bpf/contract/socket_events.h"
#include "maps.h"

#define CLOCK_WINDOW_NS 1000000000ULL

struct cpu_clock {
	__u64 apart;       /* of this window and the one before */
	__u64 next_apart;  /* of this window alone */
	__u64 window_ends; /* monotonic */
	__u64 taken;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_clock);
} cpu_clocks SEC(".maps");

static __always_inline void compare_clocks(struct cpu_clock *clock, __u64 now, __u64 arrived, __u64 started)
{
	__u64 apart = now - arrived;

	if (now >= clock->window_ends) {
		clock->apart = now - clock->window_ends < CLOCK_WINDOW_NS ? clock->next_apart : apart;
		clock->next_apart = apart;
		clock->window_ends = now + CLOCK_WINDOW_NS;
	}
	/* Either clock may be ahead of the other one. */
	if ((__s64)(apart - clock->next_apart) < 0)
		clock->next_apart = apart;
	if ((__s64)(apart - clock->apart) < 0)
		clock->apart = apart;
	if ((__s64)(arrived - started - clock->taken) > 0)
		clock->taken = arrived - started;
}

/* now: CLOCK_MONOTONIC, just read. */
static __always_inline void read_thread_times(struct ff_thread_times *times, __u64 now)
{
	const struct task_struct *task = bpf_get_current_task_btf();
	__u64 arrived = task->sched_info.last_arrival, started, ran;
	struct cpu_clock *clock;
	__u32 zero = 0;
	__s64 running;

	clock = bpf_map_lookup_elem(&cpu_clocks, &zero);
	if (!clock)
		return;
	ran = task->se.sum_exec_runtime;
	started = task->se.exec_start;
	barrier();
	/* A tick came in between: what it added is counted once. */
	if (ran != *(volatile const __u64 *)&task->se.sum_exec_runtime) {
		ran = task->se.sum_exec_runtime;
		started = task->se.exec_start;
	}
	compare_clocks(clock, now, arrived, started);
	running = now - clock->apart - clock->taken - started;
	ran += running > 0 ? running : 0;
	times->cpu_ns = ran ?: 1; /* a thread that has just begun */
	times->queued_ns = task->sched_info.run_delay;
	times->run_ns = now - clock->apart - arrived;
	times->sleeps = task->nvcsw;
	times->preempted = task->nivcsw;
}

#endif
