// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The stacks probe: where watched threads are when the clock ticks, and where they are when they leave the CPU.
 *
 * A stack that leads to a wait is taken when the thread leaves, since only then is its memory at hand; how long the wait
 * was follows when it is back. Which waits are looked at is a matter of chance, the same for long and for short ones, so
 * that each that is stands for as many as the odds say.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/lib/filter.h"
#include "bpf/lib/stack_record.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TASK_DEAD      0x0080
#define LEAST_APART_NS 50000ULL

const volatile struct ff_stack_config stack_config;

/*
 * Which waits are looked at; the agent sets both by what it sees. A thread's waits are taken by chance, so that they are so
 * many nanoseconds apart on average: all of a thread that waits less often, few of one that waits all the time.
 */
__u32 waits_wanted;
__u32 waits_apart_ns;

/* A thread that is off the CPU, and was looked at when it left. */
struct wait {
	__u64 number;
	__u64 left_ns;
	__u64 woken_ns; /* 0: not yet. A preempted thread is never asleep */
	__u64 last_ns;  /* when the thread left the CPU before, taken or not */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wait);
} waits SEC(".maps");

/* By the half of the address space that it is in: cs is declared with another size from one kernel to the next. */
static __always_inline bool was_in_kernel(const struct bpf_perf_event_data *context)
{
	return (__s64)context->regs.ip < 0;
}

/*
 * Of so many ticks of the clock one is taken, by chance: samples at even distances would always hit the same part of a
 * program that works in rounds of nearly such a distance, or of a multiple.
 */
static __always_inline bool is_chosen_tick(struct walk *walk)
{
	__u32 ticks = stack_config.ticks_per_sample, tick = walk->tick++ % ticks;

	if (!tick)
		walk->chosen_tick = bpf_get_prandom_u32() % ticks;
	return tick == walk->chosen_tick;
}

SEC("perf_event")
int clock_ticked(struct bpf_perf_event_data *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct walk *walk;

	if (!is_watched_process(task->tgid))
		return 0;
	walk = find_walk(SCRATCH_CLOCK);
	if (!walk || !is_chosen_tick(walk))
		return 0;
	begin_walk(walk, task);
	walk->event.state = FF_STACK_RUNNING;
	walk->event.weight = stack_config.sample_ns;
	if (was_in_kernel(context)) {
		keep_kernel_stack(walk, context);
		walk->event.system_call = regs->orig_ax;
	}
	walk_and_submit(walk, task, regs);
	return 0;
}

static __always_inline __u64 next_wait(void)
{
	/* Unique enough: it only tells one wait of a thread from its other waits. */
	return bpf_ktime_get_ns();
}

/*
 * How far apart a thread's waits are taken, in nanoseconds. The agent sees how many there are only once it has read them,
 * and on a busy host it may have to wait for a processor for 100 ms, in which a ping-pong fills the ring. So the ring has
 * its say: each sixteenth of it that is full halves how many come. At 80 a second of each thread that is enough for a while:
 * who waits less often is still taken each time. Only where so many threads wait that the last quarter fills, fewer come.
 */
static __always_inline __u64 waits_apart(void)
{
	__u64 fill = ring_fill(), halvings = fill > 8 && fill < 12 ? 8 : fill, apart;

	apart = fill ? LEAST_APART_NS << (halvings & 15) : 0;
	return apart > waits_apart_ns ? apart : waits_apart_ns;
}

/*
 * Of how many such waits this one is, if it is taken, times WEIGHT_ONE; else 0. The odds grow with the time since the thread
 * left the CPU before, and so depend on nothing that comes after: sums are right on average.
 */
static __always_inline __u64 weight_of(struct wait *wait, __u64 now)
{
	__u64 apart = waits_apart(), gap = now - wait->last_ns;

	wait->last_ns = now;
	if (gap >= apart)
		return WEIGHT_ONE;
	if (!gap || bpf_get_prandom_u32() % apart >= gap)
		return 0;
	return apart * WEIGHT_ONE / gap;
}

static __always_inline void on_left(void *context, struct task_struct *task, bool preempted, __u32 state)
{
	struct wait *wait;
	struct walk *walk;
	__u64 weight;

	if (!waits_wanted || state & TASK_DEAD || !is_watched_process(task->tgid))
		return;
	wait = bpf_task_storage_get(&waits, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	walk = find_walk(SCRATCH_SCHEDULER);
	if (!wait || !walk)
		return;
	weight = weight_of(wait, bpf_ktime_get_ns());
	if (!weight)
		return;
	begin_walk(walk, task);
	wait->number = walk->event.event.time_ns;
	wait->left_ns = walk->event.event.time_ns;
	wait->woken_ns = preempted || !state ? wait->left_ns : 0;
	walk->event.state = wait->woken_ns ? FF_STACK_QUEUED : FF_STACK_BLOCKED;
	walk->event.weight = weight;
	walk->event.wait = wait->number;
	keep_kernel_stack(walk, context);
	walk->event.system_call = ((struct pt_regs *)bpf_task_pt_regs(task))->orig_ax;
	walk_and_submit(walk, task, (struct pt_regs *)bpf_task_pt_regs(task));
}

static __always_inline void end_wait(struct task_struct *task, struct wait *wait)
{
	struct ff_waited_event *event;
	__u64 woken;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (begin_event((void *)event, FF_EVENT_WAITED, sizeof(*event))) {
		woken = wait->woken_ns ?: event->event.time_ns;
		event->pid = task->tgid;
		event->tid = task->pid;
		event->wait = wait->number;
		event->blocked_ns = woken - wait->left_ns;
		event->queued_ns = event->event.time_ns - woken;
		submit_event(event);
	}
	wait->number = 0;
}

static __always_inline void on_back(struct task_struct *task)
{
	struct wait *wait = bpf_task_storage_get(&waits, task, NULL, 0);

	if (wait && wait->number)
		end_wait(task, wait);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(thread_switched, bool preempted, struct task_struct *previous, struct task_struct *next, unsigned int state)
{
	on_back(next);
	on_left(ctx, previous, preempted, state);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(thread_woken, struct task_struct *task)
{
	struct wait *wait = bpf_task_storage_get(&waits, task, NULL, 0);

	if (wait && wait->number && !wait->woken_ns)
		wait->woken_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline __u64 switches_of(const struct task_struct *task)
{
	return task->nvcsw + task->nivcsw;
}

/*
 * Threads that wait already when the session begins: the scheduler tells of them only once they are back. Another thread's
 * memory can be read where it is allowed to sleep, so these stacks are copied, not walked here. One that has run meanwhile
 * is left to the scheduler's hooks. Each thread that was taken is a byte for the reader, who so can pause in between.
 */
SEC("iter.s/task")
int thread_found_waiting(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	__u8 taken = 1;
	struct wait *wait;
	struct walk *walk;
	__u64 switches;

	if (!task || task->flags & (PF_KTHREAD | PF_EXITING) || !is_watched_task(task))
		return 0;
	switches = switches_of(task);
	if (!task->__state || task->__state & TASK_DEAD || task->on_cpu)
		return 0;
	wait = bpf_task_storage_get(&waits, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	walk = find_walk(SCRATCH_ITERATOR);
	if (!wait || !walk || wait->number)
		return 0;
	begin_walk(walk, task);
	walk->event.state = FF_STACK_BLOCKED;
	walk->event.weight = WEIGHT_ONE;
	walk->event.wait = walk->event.event.time_ns;
	keep_kernel_stack_of(walk, task);
	copy_user_stack_of(walk, task);
	walk_script_stack_of(walk, task);
	if (switches_of(task) != switches)
		return 0;
	submit_walk(walk);
	wait->left_ns = walk->event.wait;
	wait->woken_ns = 0;
	wait->number = walk->event.wait;
	bpf_seq_write(context->meta->seq, &taken, sizeof(taken));
	return 0;
}

/* What still waits when the session ends, waits up to now. */
SEC("iter/task")
int thread_still_waiting(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct wait *wait = task ? bpf_task_storage_get(&waits, task, NULL, 0) : NULL;
	__u8 ended = 1;

	if (!wait || !wait->number)
		return 0;
	end_wait(task, wait);
	bpf_seq_write(context->meta->seq, &ended, sizeof(ended));
	return 0;
}
