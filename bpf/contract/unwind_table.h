/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How to find the caller of any instruction of a module (an executable or library), as the symbolizer reads it from
 * .eh_frame and the stacks probe looks it up.
 *
 * An address here is what ELF calls a virtual address: of the module, not of a process. A table has a directory of pages,
 * one for each 2 KiB of addresses, and rows sorted by address. A row holds from its address up to that of the next row, and
 * each page that has code begins with a row, so that a search never leaves its page: a hundred rows or fewer, which is a
 * few cache lines, and what a walk costs is cache lines.
 *
 * x86-64 only. The names of the rules are DWARF's: the CFA (canonical frame address) is the value that the stack pointer has
 * in the caller once the call returned; the return address lies right below it.
 */
#ifndef FOOTFALL_CONTRACT_UNWIND_TABLE_H
#define FOOTFALL_CONTRACT_UNWIND_TABLE_H

#include "event.h"

#define FF_UNWIND_PAGE_SHIFT 11
#define FF_UNWIND_PAGE_BYTES (1 << FF_UNWIND_PAGE_SHIFT) /* of addresses in a page of the directory */
#define FF_REGISTERS         16                          /* by DWARF number: rax rdx rcx rbx rsi rdi rbp rsp r8 ... r15 */
#define FF_REGISTER_RBX      3
#define FF_REGISTER_RBP      6
#define FF_REGISTER_RSP      7

enum ff_cfa_rule {
	FF_CFA_NONE = 0,      /* code that no table describes: by frame pointer, as a guess */
	FF_CFA_OUTERMOST,     /* nobody called it: _start, clone */
	FF_CFA_RSP,           /* rsp + offset */
	FF_CFA_RBP,           /* rbp + offset */
	FF_CFA_RBP_ELSEWHERE, /* rbp + offset, on another stack: functions that have changed to this one */
	FF_CFA_RSP_DEREF,     /* *(rsp + low half of offset) + high half of offset, both signed */
	FF_CFA_RBP_DEREF,     /* *(rbp + low half of offset) + high half: functions that realign their stack */
	FF_CFA_PLT,           /* rsp + 8, and 8 more if (rip & 15) >= offset: the lazy stubs of .plt */
	FF_CFA_SIGNAL,        /* a signal handler's caller: all registers lie in the ucontext at rsp */
	FF_CFA_REGISTER, /* the register whose DWARF number is the low byte + offset >> 8; rbx, or in the innermost frame any
	                  */
	FF_CFA_RSP_LINK, /* rsp + offset >> 8, rbp the same; the return address is in such a register: innermost frames only
	                  */
	FF_CFA_UNSUPPORTED, /* an expression that is none of these */
};

/* ff_unwind_row.rbp: where the caller's rbp is. Any other value: at CFA + 8 * value. */
#define FF_RBP_SAME    0    /* still in rbp */
#define FF_RBP_AT_RBP  127  /* at *rbp: functions that realign their stack */
#define FF_RBP_UNKNOWN -128 /* gone, or by a rule that is none of these */

/* ff_unwind_row.rbx: likewise. The loader needs it, whose frame hangs on rbx while it binds a function at its first call. */
#define FF_RBX_SAME    0
#define FF_RBX_UNKNOWN -128

struct ff_unwind_row {
	__u16 address : 12; /* in its page */
	__u16 cfa : 4;      /* enum ff_cfa_rule */
	__s8 rbp;
	__s8 rbx;
	__s32 offset; /* bytes */
};
FF_ASSERT_SIZE(struct ff_unwind_row, 8);

/* Where a page's rows are: rows[first_row] to rows[first_row + rows - 1]. No rows: no code. */
struct ff_unwind_page {
	__u32 first_row;
	__u32 rows;
};
FF_ASSERT_SIZE(struct ff_unwind_page, 8);

/* Why a walk over a stack ended. */
enum ff_stop {
#define FF_STOP_REASON(name, text, help) FF_STOP_##name,
#include "stop_reasons.def"
#undef FF_STOP_REASON
	FF_STOP_REASONS,
};

#endif
