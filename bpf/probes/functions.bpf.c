// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The functions probe: how often watched processes call the functions that were picked, and how long a call takes. The agent
 * reads the maps; only for which operations functions are called is sent, since it is known later.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contract/function_probe.h"
#include "bpf/lib/call_stacks.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/function_arguments.h"
#include "bpf/lib/function_edges.h"
#include "bpf/lib/thread_calls.h"

#define EBUSY 16

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 probe_number; /* of this file's, for FF_CALLED() */

/* By the function's number; the agent sets how many there are. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");

/* The same of processes that are not watched, and pay for probes of files that they share: under coverage. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} strangers SEC(".maps");

const volatile __u8 counts_strangers;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ff_function_durations);
} durations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, FF_FUNCTION_PARTS);
	__type(key, struct ff_function_part_key);
	__type(value, struct ff_function_part);
} parts SEC(".maps");

struct part_of_call {
	struct ff_function_part part;
	__u64 address;
};

static long note_file(struct task_struct *task, struct vm_area_struct *vma, void *context)
{
	struct part_of_call *call = context;
	struct file *file = BPF_CORE_READ(vma, vm_file);
	dev_t device;

	if (!file)
		return 0;
	device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	call->part.device = (__u64)(device >> 20) << 20 | (device & 0xfffff);
	call->part.inode = BPF_CORE_READ(file, f_inode, i_ino);
	call->part.offset = call->address - BPF_CORE_READ(vma, vm_start) + (BPF_CORE_READ(vma, vm_pgoff) << 12);
	bpf_probe_read_kernel_str(call->part.text, sizeof(call->part.text), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return 0;
}

static __always_inline void find_file(struct part_of_call *call)
{
	call->part.device = 0;
	if (bpf_find_vma(bpf_get_current_task_btf(), call->address, note_file, call, 0) == -EBUSY)
		call->part.device = FF_DEVICE_UNKNOWN;
}

/* Whoever calls for the first time. */
static __noinline int add_part(const struct ff_function_part_key *key, const struct argument_text *text)
{
	struct part_of_call call = {.part.calls = 1, .address = key->who};

	bpf_get_current_comm(call.part.comm, sizeof(call.part.comm));
	if (counted_by == FF_BY_CALLER)
		find_file(&call);
	else if (counted_by == FF_BY_ARGUMENT)
		__builtin_memcpy(call.part.text, text->words, sizeof(call.part.text));
	if (bpf_map_update_elem(&parts, key, &call.part, BPF_NOEXIST)) {
		struct ff_function_part *part = bpf_map_lookup_elem(&parts, key); /* another processor was faster */

		if (part)
			__sync_fetch_and_add(&part->calls, 1);
	}
	return 0;
}

/* Another thread was changing the process's mappings when it called for the first time. */
static __noinline int find_file_again(struct ff_function_part *part, __u64 address)
{
	struct part_of_call call = {.address = address};

	if (!part)
		return 0;
	find_file(&call);
	part->inode = call.part.inode;
	part->offset = call.part.offset;
	__builtin_memcpy(part->text, call.part.text, sizeof(part->text));
	part->device = call.part.device;
	return 0;
}

static __always_inline void count_part(const struct call *call)
{
	struct ff_function_part_key key = {.function = FF_FUNCTION_OF(call->cookie)};
	__u64 thread = bpf_get_current_pid_tgid();
	struct argument_text text = {};
	struct ff_function_part *part;

	key.pid = counted_by == FF_BY_USER || counted_by == FF_BY_ARGUMENT ? 0 : thread >> 32;
	if (counted_by == FF_BY_THREAD)
		key.who = (__u32)thread;
	else if (counted_by == FF_BY_USER)
		key.who = (__u32)bpf_get_current_uid_gid();
	else if (counted_by == FF_BY_CALLER)
		bpf_probe_read_user(&key.who, sizeof(key.who), (const void *)call->stack);
	else if (counted_by == FF_BY_ARGUMENT)
		key.who = which_argument(call, &text);
	part = bpf_map_lookup_elem(&parts, &key);
	if (!part) {
		add_part(&key, &text);
		return;
	}
	__sync_fetch_and_add(&part->calls, 1);
	if (part->device == FF_DEVICE_UNKNOWN)
		find_file_again(part, key.who);
}

__u8 generations[FF_FUNCTION_BATCHES]; /* of links, by batch */

static __always_inline bool is_present(__u64 cookie)
{
	return generations[FF_FUNCTION_OF(cookie) / FF_FUNCTION_BATCH % FF_FUNCTION_BATCHES] == FF_GENERATION_OF(cookie);
}

/* Of a watched process, and not seen by a link that comes or goes. */
static __always_inline bool is_counted(__u64 cookie)
{
	return is_present(cookie) && is_watched_process(bpf_get_current_pid_tgid() >> 32);
}

static __always_inline void count_call(const struct call *call)
{
	__u32 function = FF_FUNCTION_OF(call->cookie);
	__u64 *count = bpf_map_lookup_elem(&calls, &function);

	if (count)
		__sync_fetch_and_add(count, 1); /* another thread's call may come in between */
	if (takes_stacks)
		take_call_stack(FF_CALLED(probe_number, function), function);
	if (counted_by == FF_BY_ARGUMENT && !call->has_argument)
		return;
	if (counted_by == FF_BY_OPERATION)
		note_call(FF_CALLED(probe_number, function));
	else if (counted_by)
		count_part(call);
}

static __always_inline void count_stranger(__u64 cookie)
{
	__u32 function = FF_FUNCTION_OF(cookie);
	__u64 *count = bpf_map_lookup_elem(&strangers, &function);

	if (count)
		__sync_fetch_and_add(count, 1);
}

SEC("uprobe.multi")
int function_called(struct pt_regs *ctx)
{
	struct call call = call_of(ctx);

	if (is_counted(call.cookie))
		count_call(&call);
	else if (counts_strangers && is_present(call.cookie))
		count_stranger(call.cookie);
	return 0;
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
	struct call call = call_of(ctx);

	if (bpf_session_is_return()) {
		add_duration(FF_FUNCTION_OF(call.cookie), bpf_ktime_get_ns() - *start);
		return 0;
	}
	if (!is_counted(call.cookie))
		return 1;
	count_call(&call);
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
	struct call counted = call_of(ctx);
	__u64 stack = counted.stack;
	struct open_calls *open;
	struct open_call *call;

	if (!is_counted(counted.cookie))
		return 0;
	count_call(&counted);
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
	add_duration(FF_FUNCTION_OF(bpf_get_attach_cookie(ctx)), bpf_ktime_get_ns() - call->start_ns);
	return 0;
}

/*
 * Where returns can't be probed: both ends of a call are places in the code, and belong together if the address to return to
 * lies at the same place. That is one of the process, since programs may change threads under a stack, and of Go's functions
 * one of the goroutine, counted from its stack's end, since stacks move. A call that is left otherwise stays open until
 * another one begins at its place, so that no end is ever taken for that of another call.
 */
struct call_place {
	__u64 goroutine;
	__u64 place;
	__u32 pid;
	__u32 reserved;
};

struct begun_call {
	__u64 start_ns; /* 0: it has ended */
	__u32 function;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FF_OPEN_CALLS);
	__type(key, struct call_place);
	__type(value, struct begun_call);
} begun_calls SEC(".maps");

static __always_inline void begin_call(const struct call_place *place, __u32 function)
{
	struct begun_call *known = bpf_map_lookup_elem(&begun_calls, place), begun = {.function = function};
	struct ff_function_durations *own;

	if (!known) {
		begun.start_ns = bpf_ktime_get_ns();
		bpf_map_update_elem(&begun_calls, place, &begun, BPF_ANY);
		return;
	}
	if (known->start_ns) {
		own = bpf_map_lookup_elem(&durations, &known->function);
		if (own)
			__sync_fetch_and_add(&own->left, 1);
	}
	known->function = function;
	known->start_ns = bpf_ktime_get_ns();
}

static __always_inline void end_call(const struct call_place *place, __u32 function, __u64 now)
{
	struct begun_call *known = bpf_map_lookup_elem(&begun_calls, place);
	struct ff_function_durations *own;

	if (known && known->start_ns && known->function == function) {
		add_duration(function, now - known->start_ns);
		known->start_ns = 0;
		return;
	}
	own = bpf_map_lookup_elem(&durations, &function);
	if (own)
		__sync_fetch_and_add(&own->unmatched, 1);
}

SEC("uprobe.multi")
int function_edge(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), frame = ctx->bp, r14 = ctx->r14, flags = ctx->flags;
	struct call call = call_of(ctx);
	__u64 cookie = call.cookie;
	struct call_place place = {.pid = bpf_get_current_pid_tgid() >> 32};
	__u32 function = FF_FUNCTION_OF(cookie);
	bool ends = cookie & FF_EDGE_ENDS && is_met(FF_EDGE_CONDITION(cookie), flags);

	if (!ends && !(cookie & FF_EDGE_BEGINS))
		return 0;
	if (!is_counted(cookie))
		return 0;
	call.stack = (cookie & FF_EDGE_FROM_FRAME ? frame : call.stack) + FF_EDGE_PLACE(cookie);
	place.place = call.stack;
	if (cookie & (FF_EDGE_GO_REGISTER | FF_EDGE_GO_THREAD)) {
		place.goroutine = cookie & FF_EDGE_GO_REGISTER ? r14 : goroutine_of_thread();
		place.place = end_of_stack(place.goroutine) - call.stack;
	}
	if (cookie & FF_EDGE_BEGINS) {
		count_call(&call);
		if (!(cookie & FF_EDGE_NOT_TIMED))
			begin_call(&place, function);
		now = bpf_ktime_get_ns(); /* one and the same jump may be both ends */
	}
	if (ends)
		end_call(&place, function, now);
	return 0;
}
