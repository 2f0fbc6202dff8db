// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The functions probe: how often watched processes call the functions that were picked, and how long a call takes. Nothing
 * is sent: the agent reads the maps.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contract/function_probe.h"
#include "bpf/lib/filter.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* By the function's number; the agent sets how many there are. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ff_function_durations);
} durations SEC(".maps");

static __always_inline void count_call(__u32 function)
{
	__u64 *count = bpf_map_lookup_elem(&calls, &function);

	if (count)
		__sync_fetch_and_add(count, 1); /* another thread's call may come in between */
}

SEC("uprobe.multi")
int function_called(struct pt_regs *ctx)
{
	if (is_watched_process(bpf_get_current_pid_tgid() >> 32))
		count_call(bpf_get_attach_cookie(ctx));
	return 0;
}

/* log2, by halving: no loop that a verifier would have to follow. */
static __always_inline __u32 highest_bit(__u64 value)
{
	__u32 bit = 0;

	if (value >> 32) {
		value >>= 32;
		bit += 32;
	}
	if (value >> 16) {
		value >>= 16;
		bit += 16;
	}
	if (value >> 8) {
		value >>= 8;
		bit += 8;
	}
	if (value >> 4) {
		value >>= 4;
		bit += 4;
	}
	if (value >> 2) {
		value >>= 2;
		bit += 2;
	}
	return bit + (value >> 1);
}

static __always_inline __u32 cell_of(__u64 nanoseconds)
{
	__u32 bit = highest_bit(nanoseconds);

	if (bit < FF_DURATION_SHIFT)
		return 0;
	if (bit > FF_DURATION_HIGHEST)
		return FF_DURATION_CELLS - 1;
	return ((bit - FF_DURATION_SHIFT) << FF_DURATION_BITS) |
	       (nanoseconds >> (bit - FF_DURATION_BITS) & ((1 << FF_DURATION_BITS) - 1));
}

static __always_inline void add_duration(__u32 function, __u64 nanoseconds)
{
	struct ff_function_durations *own = bpf_map_lookup_elem(&durations, &function);
	__u32 cell = cell_of(nanoseconds);

	if (!own || cell >= FF_DURATION_CELLS)
		return;
	__sync_fetch_and_add(&own->sum_ns, nanoseconds);
	__sync_fetch_and_add(&own->cells[cell], 1);
	if (nanoseconds > own->max_ns)
		own->max_ns = nanoseconds;
}

/*
 * Both ends of a call in one (>= 6.13, commit d920179b3d48, "bpf: Add support for uprobe multi session attach"); the kernel
 * keeps the start with the call itself, so that recursion needs no stack of ours. A call that is left by an exception or
 * longjmp has no end, and is counted all the same.
 */
extern bool bpf_session_is_return(void) __ksym __weak;
extern __u64 *bpf_session_cookie(void) __ksym __weak;

SEC("uprobe.multi")
int function_timed(struct pt_regs *ctx)
{
	__u64 *start = bpf_session_cookie();

	if (bpf_session_is_return()) {
		add_duration(bpf_get_attach_cookie(ctx), bpf_ktime_get_ns() - *start);
		return 0;
	}
	if (!is_watched_process(bpf_get_current_pid_tgid() >> 32))
		return 1;
	count_call(bpf_get_attach_cookie(ctx));
	*start = bpf_ktime_get_ns();
	return 0;
}

/*
 * Before that: the calls that a thread is in, by their places on its stack. Where a call returns to the place of an outer
 * one, the inner ones have been left otherwise. Calls beyond the innermost CALLS_KEPT are counted, and not timed.
 */
#define CALLS_KEPT 64

struct open_call {
	__u64 stack;
	__u64 start_ns;
};

struct open_calls {
	__u32 depth;
	__u32 reserved;
	struct open_call calls[CALLS_KEPT];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct open_calls);
} open_calls SEC(".maps");

/* Masked, in the very register that is used: older verifiers (6.1) lose sight of a comparison. */
static __always_inline struct open_call *call_at(struct open_calls *open, __u32 place)
{
	__u64 at = place;

	barrier_var(at);
	return &open->calls[at & (CALLS_KEPT - 1)];
}

static __always_inline void leave_inner_calls(struct open_calls *open, __u64 stack)
{
	__u32 i;

	for (i = 0; i < CALLS_KEPT; i++) {
		if (!open->depth || call_at(open, open->depth - 1)->stack >= stack)
			break;
		--open->depth;
	}
}

SEC("uprobe.multi")
int function_entered(struct pt_regs *ctx)
{
	__u64 stack = PT_REGS_SP(ctx);
	struct open_calls *open;
	struct open_call *call;

	if (!is_watched_process(bpf_get_current_pid_tgid() >> 32))
		return 0;
	count_call(bpf_get_attach_cookie(ctx));
	open = bpf_task_storage_get(&open_calls, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!open)
		return 0;
	leave_inner_calls(open, stack);
	if (open->depth >= CALLS_KEPT)
		return 0;
	call = call_at(open, open->depth++);
	call->stack = stack;
	call->start_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("uprobe.multi")
int function_returned(struct pt_regs *ctx)
{
	struct open_calls *open = bpf_task_storage_get(&open_calls, bpf_get_current_task_btf(), NULL, 0);
	__u64 stack = PT_REGS_SP(ctx) - sizeof(__u64); /* where the address to return to was */
	struct open_call *call;

	if (!open)
		return 0;
	leave_inner_calls(open, stack);
	if (!open->depth)
		return 0;
	call = call_at(open, open->depth - 1);
	if (call->stack != stack)
		return 0;
	--open->depth;
	add_duration(bpf_get_attach_cookie(ctx), bpf_ktime_get_ns() - call->start_ns);
	return 0;
}
