/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Calls whose return is probed, by whomever: the kernel has put an address of its own (of the area [uprobes], or of its
 * trampoline) where the address to return to lay, and keeps that in a list of the thread, the innermost call first
 * (kernel/events/uprobes.c, prepare_uretprobe()).
 */
#ifndef FOOTFALL_LIB_PROBED_RETURNS_H
#define FOOTFALL_LIB_PROBED_RETURNS_H

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MOST_PROBED_RETURNS 64 /* the kernel keeps no more of a thread: MAX_URETPROBE_DEPTH */
#define MOST_LEFT_RETURNS   16 /* calls that longjmp left, or probes of one and the same call, that are passed at once */
#define PROBES_AREA         4096
#define PROBES_SLOT         128 /* UPROBE_XOL_SLOT_BYTES: the first is what probed calls return to */

/* Those of a thread from some call on. */
struct returns {
	__u64 probed; /* the address that stands for them; 0: there are none */
	const struct return_instance *next;
};

struct probed_return {
	__u64 stack; /* where the address to return to lies */
	__u64 address;
};

/*
 * Where the address lay that a call returned to which is at that place of the area's first slot. From 6.11 on (commit
 * ff474a78cef5, "uprobe: Add uretprobe syscall to speed up return probe") there stand: push rax, rcx and r11 (0, 1, 2), what
 * calls the kernel (4), pop r11 (13) and rcx (15), ret (16). Before, a breakpoint.
 */
static __always_inline __u64 return_being_probed(__u64 offset, __u64 stack)
{
	if (offset < 4)
		return stack + (offset > 1 ? 8 : offset ? 0 : -8);
	if (offset > 13)
		return stack + (offset > 15 ? 0 : 8);
	return stack + 16;
}

/* 0: none of the process's code has been probed where that needs it. */
static __always_inline __u64 probes_area(const struct task_struct *task)
{
	struct xol_area *area = BPF_CORE_READ(task, mm, uprobes_state.xol_area);

	return area ? BPF_CORE_READ(area, vaddr) : 0;
}

static __always_inline void find_returns(struct returns *returns, const struct task_struct *task)
{
	struct uprobe_task *uprobes = BPF_CORE_READ(task, utask);

	returns->next = uprobes ? BPF_CORE_READ(uprobes, return_instances) : NULL;
	returns->probed = returns->next ? probes_area(task) : 0;
}

static __always_inline struct probed_return next_return(struct returns *returns)
{
	const struct return_instance *instance = returns->next;
	struct probed_return found = {
		.stack = BPF_CORE_READ(instance, stack),
		.address = BPF_CORE_READ(instance, orig_ret_vaddr),
	};

	returns->next = BPF_CORE_READ(instance, next);
	return found;
}

/* Of the call whose address to return to lies there; 0: it is not known. */
static __always_inline __u64 original_return(struct returns *returns, __u64 stack)
{
	__u32 i;

	for (i = 0; i < MOST_LEFT_RETURNS && returns->next; i++) {
		struct probed_return found = next_return(returns);

		if (found.stack == stack)
			return found.address;
	}
	return 0;
}

#endif
