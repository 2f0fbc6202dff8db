/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * One step of a walk over a user stack: from a frame to its caller's. Plain C without loops: compiled for BPF, and natively
 * for tests and for stacks that were copied. x86-64 only.
 *
 * Before including this file, define
 *	int ff_read_user(void *to, __u32 size, __u64 address)
 * which copies memory of the process and returns 0 when all of it could be read. It may be a macro; where it is used,
 *`frame` is the frame that is being left.
 */
#ifndef FOOTFALL_UNWIND_STEP_H
#define FOOTFALL_UNWIND_STEP_H

#include "bpf/contract/unwind_table.h"

#define FF_UNWIND_INLINE static inline __attribute__((always_inline, unused))

#define FF_STEP_ON (-1) /* the frame is the caller's now; every other answer is an enum ff_stop */

/* bp of a frame whose frame pointer was lost by FF_RBP_UNKNOWN. Odd, so that no frame can lie there. */
#define FF_BP_LOST 1

/* How far above the stack pointer a frame may lie, in bytes, for its frame pointer to be believed. */
#define FF_FRAME_POINTER_REACH (1 << 20)

/* Where the kernel keeps the interrupted registers in the ucontext of a signal frame (struct rt_sigframe). */
#define FF_UCONTEXT_RBP     120 /* uc_mcontext.gregs[10] */
#define FF_UCONTEXT_RBX     128 /* gregs[11] */
#define FF_UCONTEXT_RSP_RIP 160 /* gregs[15] and gregs[16] */

/* bx_at where rbx is still in its register, and where it was lost. */
#define FF_BX_IN_REGISTER 0
#define FF_BX_LOST        1

/* The registers of the frame that is being left. Few frames need rbx, so it is only known where it was saved. */
struct ff_frame {
	__u64 ip, sp, bp;
	__u64 bx_at;
};

/* The innermost frame's registers, by DWARF number. */
struct ff_innermost {
	__u64 registers[FF_REGISTERS];
};

FF_UNWIND_INLINE int ff_signal_step(struct ff_frame *frame)
{
	__u64 sp_ip[2];
	__u64 bp;

	if (ff_read_user(&bp, sizeof(bp), frame->sp + FF_UCONTEXT_RBP) ||
	    ff_read_user(sp_ip, sizeof(sp_ip), frame->sp + FF_UCONTEXT_RSP_RIP))
		return FF_STOP_UNREADABLE_STACK;
	/* With sigaltstack() the interrupted stack may lie on either side, but never here. */
	if (sp_ip[0] == frame->sp)
		return FF_STOP_NOT_PROGRESSING;
	frame->bx_at = frame->sp + FF_UCONTEXT_RBX;
	frame->bp = bp;
	frame->sp = sp_ip[0];
	frame->ip = sp_ip[1];
	return FF_STEP_ON;
}

/* A register of the frame, which only innermost frames have all of. Returns FF_STEP_ON or why it can't be known. */
FF_UNWIND_INLINE int ff_read_register(const struct ff_frame *frame, const struct ff_innermost *innermost, __u32 is_innermost,
                                      __u32 number, __u64 *value)
{
	if (is_innermost || (number == FF_REGISTER_RBX && frame->bx_at == FF_BX_IN_REGISTER)) {
		*value = innermost->registers[number & (FF_REGISTERS - 1)];
		return FF_STEP_ON;
	}
	if (number != FF_REGISTER_RBX || frame->bx_at == FF_BX_LOST)
		return FF_STOP_UNSUPPORTED_RULE;
	return ff_read_user(value, sizeof(*value), frame->bx_at) ? FF_STOP_UNREADABLE_STACK : FF_STEP_ON;
}

/*
 * The value that the stack pointer has in the caller; and the return address, if a register holds it. Returns FF_STEP_ON or
 * why there is none.
 */
FF_UNWIND_INLINE int ff_find_cfa(const struct ff_frame *frame, const struct ff_unwind_row *row,
                                 const struct ff_innermost *innermost, __u32 is_innermost, __u64 *cfa, __u64 *return_address)
{
	const __u8 rule = row->cfa;
	const __s32 offset = row->offset;
	__u64 base;
	int stop;

	switch (rule) {
	case FF_CFA_OUTERMOST:
		return FF_STOP_OUTERMOST;
	case FF_CFA_RSP:
		*cfa = frame->sp + (__s64)offset;
		return FF_STEP_ON;
	case FF_CFA_RBP:
	case FF_CFA_RBP_ELSEWHERE:
		if (frame->bp == FF_BP_LOST)
			return FF_STOP_UNSUPPORTED_RULE;
		*cfa = frame->bp + (__s64)offset;
		return FF_STEP_ON;
	case FF_CFA_RSP_DEREF:
	case FF_CFA_RBP_DEREF:
		base = rule == FF_CFA_RSP_DEREF ? frame->sp : frame->bp;
		if (base == FF_BP_LOST)
			return FF_STOP_UNSUPPORTED_RULE;
		if (ff_read_user(&base, sizeof(base), base + (__s64)(__s16)offset))
			return FF_STOP_UNREADABLE_STACK;
		*cfa = base + (__s64)(offset >> 16);
		return FF_STEP_ON;
	case FF_CFA_PLT:
		*cfa = frame->sp + 8 + ((__s32)(frame->ip & 15) >= offset ? 8 : 0);
		return FF_STEP_ON;
	case FF_CFA_REGISTER:
		stop = ff_read_register(frame, innermost, is_innermost, offset & 0xff, &base);
		if (stop == FF_STEP_ON)
			*cfa = base + (__s64)(offset >> 8);
		return stop;
	case FF_CFA_RSP_LINK:
		if (!is_innermost)
			return FF_STOP_UNSUPPORTED_RULE;
		*cfa = frame->sp + (__s64)(offset >> 8);
		*return_address = innermost->registers[offset & 15];
		return FF_STEP_ON;
	case FF_CFA_UNSUPPORTED:
		return FF_STOP_UNSUPPORTED_RULE;
	}
	return FF_STOP_NO_RULE;
}

/* saved[0]: the caller's rbp, saved[1]: the return address. Returns FF_STEP_ON or why they can't be known. */
FF_UNWIND_INLINE int ff_read_saved(const struct ff_frame *frame, __s8 rbp, __u64 cfa, __u64 *saved)
{
	/* "push %rbp" as the first instruction: side by side, and by far the most common. */
	if (rbp == -2)
		return ff_read_user(saved, 16, cfa - 16) ? FF_STOP_UNREADABLE_STACK : FF_STEP_ON;
	if (ff_read_user(&saved[1], 8, cfa - 8))
		return FF_STOP_UNREADABLE_STACK;
	if (rbp == FF_RBP_SAME) {
		saved[0] = frame->bp;
		return FF_STEP_ON;
	}
	if (rbp == FF_RBP_UNKNOWN || (rbp == FF_RBP_AT_RBP && frame->bp == FF_BP_LOST)) {
		saved[0] = FF_BP_LOST;
		return FF_STEP_ON;
	}
	if (ff_read_user(saved, 8, rbp == FF_RBP_AT_RBP ? frame->bp : cfa + 8 * (__s64)rbp))
		return FF_STOP_UNREADABLE_STACK;
	return FF_STEP_ON;
}

/*
 * Replaces the frame by its caller's. Returns FF_STEP_ON, or why the walk ends (enum ff_stop) with the frame as it was.
 * innermost: the registers of the frame that the walk began with, which is_innermost tells to be this one. A row of
 * FF_CFA_NONE says FF_STOP_NO_RULE: the frame pointer is the next to try. *interrupted is 1 when a signal interrupted the
 * caller, whose ip is exact then, and 0 when the caller's ip is a return address.
 */
FF_UNWIND_INLINE int ff_unwind_step(struct ff_frame *frame, const struct ff_unwind_row *row,
                                    const struct ff_innermost *innermost, __u32 is_innermost, __u32 *interrupted)
{
	__u64 saved[2] = {};
	__u64 cfa = 0;
	int stop;

	*interrupted = row->cfa == FF_CFA_SIGNAL;
	if (row->cfa == FF_CFA_SIGNAL)
		return ff_signal_step(frame);

	stop = ff_find_cfa(frame, row, innermost, is_innermost, &cfa, &saved[1]);
	if (stop != FF_STEP_ON)
		return stop;
	/* Only the innermost frame may have its return address popped already. Another stack may lie on either side. */
	if ((cfa < frame->sp && row->cfa != FF_CFA_RBP_ELSEWHERE) || (cfa == frame->sp && !is_innermost))
		return FF_STOP_NOT_PROGRESSING;
	if (row->cfa == FF_CFA_RSP_LINK)
		saved[0] = frame->bp;
	else
		stop = ff_read_saved(frame, row->rbp, cfa, saved);
	if (stop != FF_STEP_ON)
		return stop;
	if (!saved[1])
		return FF_STOP_OUTERMOST;
	if (row->rbx != FF_RBX_SAME)
		frame->bx_at = row->rbx == FF_RBX_UNKNOWN ? FF_BX_LOST : cfa + 8 * (__s64)row->rbx;
	frame->sp = cfa;
	frame->bp = saved[0];
	frame->ip = saved[1];
	return FF_STEP_ON;
}

/*
 * The same without a table: by frame pointer, if it leads a bounded way up the stack. The caller is a guess, which should be
 * believed only if its ip lies in executable code.
 */
FF_UNWIND_INLINE int ff_frame_pointer_step(struct ff_frame *frame)
{
	__u64 saved[2] = {};

	if (!frame->bp)
		return FF_STOP_OUTERMOST;
	if (frame->bp & 7 || frame->bp < frame->sp || frame->bp - frame->sp > FF_FRAME_POINTER_REACH)
		return FF_STOP_NO_RULE;
	if (ff_read_user(saved, sizeof(saved), frame->bp))
		return FF_STOP_UNREADABLE_STACK;
	if (!saved[1])
		return FF_STOP_OUTERMOST;
	frame->bx_at = FF_BX_LOST;
	frame->sp = frame->bp + 16;
	frame->bp = saved[0];
	frame->ip = saved[1];
	return FF_STEP_ON;
}

#endif
