/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a probe needs to know that sits on a jump out of a function, or on one of Go. */
#ifndef FOOTFALL_LIB_FUNCTION_EDGES_H
#define FOOTFALL_LIB_FUNCTION_EDGES_H

#include <bpf/bpf_helpers.h>

#include "bpf/contract/function_probe.h"
#include "bpf/lib/goroutine.h"

#define FLAG_CARRY    (1 << 0)
#define FLAG_PARITY   (1 << 2)
#define FLAG_ZERO     (1 << 6)
#define FLAG_SIGN     (1 << 7)
#define FLAG_OVERFLOW (1 << 11)

/* Is the jump taken that has this condition code? Intel SDM, volume 1, appendix B.1: odd ones are the opposite. */
static __always_inline bool is_met(__u32 condition, __u64 flags)
{
	bool less = !(flags & FLAG_SIGN) != !(flags & FLAG_OVERFLOW), met = true;

	switch (condition >> 1) {
	case 0:
		met = flags & FLAG_OVERFLOW;
		break;
	case 1:
		met = flags & FLAG_CARRY;
		break;
	case 2:
		met = flags & FLAG_ZERO;
		break;
	case 3:
		met = flags & (FLAG_CARRY | FLAG_ZERO);
		break;
	case 4:
		met = flags & FLAG_SIGN;
		break;
	case 5:
		met = flags & FLAG_PARITY;
		break;
	case 6:
		met = less;
		break;
	case 7:
		met = less || flags & FLAG_ZERO;
		break;
	default:
		return true; /* FF_EDGE_ALWAYS */
	}
	return condition & 1 ? !met : met;
}

/* struct g begins with its stack: the lowest address, and the one behind the highest (runtime/runtime2.go). */
static __always_inline __u64 end_of_stack(__u64 goroutine)
{
	__u64 end = 0;

	bpf_probe_read_user(&end, sizeof(end), (const void *)(goroutine + sizeof(__u64)));
	return end;
}

#endif
