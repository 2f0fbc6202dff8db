/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Stacks with which functions are called: of one that is called seldom each, of others some, by chance. */
#ifndef FOOTFALL_LIB_CALL_STACKS_H
#define FOOTFALL_LIB_CALL_STACKS_H

#include "bpf/contract/call_events.h"
#include "stack_record.h"

const volatile __u8 takes_stacks;

/* How far apart those of one function and processor are taken, on average; the agent sets it. */
__u32 stacks_apart_ns;

/* How far apart the calls of a function are, on average of the last ones. */
struct call_pace {
	__u64 last_ns;
	__u64 gap_ns;
};

#define MOST_APART_NS 0xffffffffULL /* chance has 32 bits */
#define PACE_SHIFT    5             /* of so many calls, as a power of two */

/* By the function's number; the agent sets how many there are. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct call_pace);
} paces SEC(".maps");

/* As the ring fills up, fewer come: each sixteenth of it halves them. */
static __always_inline __u64 stacks_apart(void)
{
	__u64 apart = (__u64)stacks_apart_ns << (ring_fill() & 15);

	return apart < MOST_APART_NS ? apart : MOST_APART_NS;
}

/*
 * Of how many calls this one is, if its stack is taken, times WEIGHT_ONE; else 0. The odds are the same for all calls of a
 * burst: they depend on the pace before, and not on the time since the last one.
 */
static __always_inline __u64 weight_of_call(struct call_pace *pace, __u64 apart, __u64 now)
{
	__u64 gap = now - pace->last_ns, most = 2 * apart, odds = pace->gap_ns;

	if (!pace->last_ns)
		odds = most;
	if (gap > most)
		gap = most;
	pace->last_ns = now;
	pace->gap_ns = odds - (odds >> PACE_SHIFT) + (gap >> PACE_SHIFT);
	if (odds >= apart)
		return WEIGHT_ONE;
	if (!odds || bpf_get_prandom_u32() % apart >= odds)
		return 0;
	return apart * WEIGHT_ONE / odds;
}

/* Another thread may come in between where a thread in the kernel can lose its processor: then that one's is not taken. */
static __always_inline bool begin_using(struct walk *walk)
{
	return !__sync_lock_test_and_set(&walk->in_use, 1);
}

/* Of the thread that is running, at the probe. called: FF_CALLED(). */
static __noinline int take_call_stack(__u32 called, __u32 function)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_pace *pace = bpf_map_lookup_elem(&paces, &function);
	struct walk *walk;
	__u64 weight;

	if (!pace)
		return 0;
	weight = weight_of_call(pace, stacks_apart(), bpf_ktime_get_ns());
	walk = weight ? find_walk(SCRATCH_CALLS) : NULL;
	if (!walk)
		return 0;
	if (!begin_using(walk)) {
		count(FF_DROP_PROBE_INTERRUPTED);
		return 0;
	}
	begin_walk(walk, task);
	walk->event.state = FF_STACK_CALLED;
	walk->event.weight = weight;
	walk->event.wait = called;
	walk_and_submit(walk, task, (struct pt_regs *)bpf_task_pt_regs(task));
	__sync_lock_test_and_set(&walk->in_use, 0);
	return 0;
}

#endif
