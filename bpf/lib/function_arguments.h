/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A call as it begins, and the one of its arguments that calls are told apart by. */
#ifndef FOOTFALL_LIB_FUNCTION_ARGUMENTS_H
#define FOOTFALL_LIB_FUNCTION_ARGUMENTS_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contract/function_probe.h"
#include "bpf/lib/bits.h"

const volatile __u32 counted_by; /* enum ff_function_by */
const volatile struct ff_argument counted_argument;
const volatile __u32 usdt_sites; /* how many there are; 0: these are functions */

/* By site; the agent sets how many there are. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ff_usdt_argument);
} usdt_arguments SEC(".maps");

struct call {
	__u64 cookie;
	__u64 stack; /* where the address to return to lies */
	__u64 argument;
	__u64 next_argument;
	bool has_argument;
};

/* Zero behind the end, so that equal strings have equal words. */
struct argument_text {
	__u64 words[FF_PART_TEXT / sizeof(__u64)];
};

/* Each register has its own load: an offset that depends on anything would be refused. */
static __always_inline __u64 argument_at(struct pt_regs *ctx, bool go, __u32 place)
{
	__u64 ax = ctx->ax, bx = ctx->bx, cx = ctx->cx, dx = ctx->dx, si = ctx->si, di = ctx->di, r8 = ctx->r8, r9 = ctx->r9;

	barrier_var(ax);
	barrier_var(bx);
	barrier_var(cx);
	barrier_var(dx);
	barrier_var(si);
	barrier_var(di);
	barrier_var(r8);
	barrier_var(r9);
	switch (place) {
	case 1:
		return go ? ax : di;
	case 2:
		return go ? bx : si;
	case 3:
		return go ? cx : dx;
	case 4:
		return go ? di : cx;
	case 5:
		return go ? si : r8;
	case 6:
		return go ? r8 : r9;
	default:
		return 0;
	}
}

/* By DWARF number. */
struct registers {
	__u64 values[16];
	__u64 rip;
};

static __always_inline __u64 register_at(const struct registers *registers, __u8 number)
{
	__u64 at = number;

	if (number == FF_USDT_NO_REGISTER)
		return 0;
	if (number == FF_USDT_RIP)
		return registers->rip;
	barrier_var(at);
	return registers->values[at & 15];
}

/* A value of `bytes`, in 64 bits. */
static __always_inline __u64 extended(__u64 value, __s8 bytes)
{
	__u32 unused = 64 - 8 * (bytes < 0 ? -bytes : bytes);

	value <<= unused & 63;
	return bytes < 0 ? (__u64)((__s64)value >> (unused & 63)) : value >> (unused & 63);
}

static __always_inline bool read_usdt_argument(struct pt_regs *ctx, __u32 site, __u64 *value)
{
	struct registers registers = {
		.values = {ctx->ax, ctx->dx, ctx->cx, ctx->bx, ctx->si, ctx->di, ctx->bp, ctx->sp, ctx->r8, ctx->r9,
	                   ctx->r10, ctx->r11, ctx->r12, ctx->r13, ctx->r14, ctx->r15},
		.rip = ctx->ip,
	};
	struct ff_usdt_argument *argument = bpf_map_lookup_elem(&usdt_arguments, &site);
	__u64 address, read = 0;

	if (!argument)
		return false;
	switch (argument->in) {
	case FF_USDT_CONSTANT:
		*value = argument->offset;
		return true;
	case FF_USDT_REGISTER:
		*value = extended(register_at(&registers, argument->base), argument->bytes);
		return true;
	case FF_USDT_MEMORY:
		address = register_at(&registers, argument->base) + argument->offset +
		          (register_at(&registers, argument->index) << (argument->shift & 3));
		/* What lies behind it is cut off again, if it can be read. */
		if (bpf_probe_read_user(&read, sizeof(read), (const void *)address) &&
		    bpf_probe_read_user(&read, 1 + ((argument->bytes < 0 ? -argument->bytes : argument->bytes) - 1 & 7),
		                        (const void *)address))
			return false;
		*value = extended(read, argument->bytes);
		return true;
	default:
		return false;
	}
}

static __always_inline struct call call_of(struct pt_regs *ctx)
{
	struct call call = {.cookie = bpf_get_attach_cookie(ctx), .stack = PT_REGS_SP(ctx)};
	bool go = call.cookie & FF_EDGE_GO_REGISTER;

	if (counted_by != FF_BY_ARGUMENT)
		return call;
	if (usdt_sites) {
		call.has_argument = read_usdt_argument(ctx, call.cookie >> FF_USDT_SITE_SHIFT, &call.argument);
	} else {
		call.has_argument = true;
		call.argument = argument_at(ctx, go, counted_argument.place);
		call.next_argument = argument_at(ctx, go, counted_argument.place + 1);
	}
	return call;
}

/* How many bits it takes, negative if it is. */
static __always_inline __s64 bits_of(__s64 value, bool is_signed)
{
	bool negative = is_signed && value < 0;
	__u64 size = negative ? -(__u64)value : (__u64)value;
	__s64 bits = size ? highest_bit(size) + 1 : 0;

	return negative ? -bits : bits;
}

static __always_inline __u64 number_of(__u64 argument)
{
	__u32 type = counted_argument.type;
	__u64 value = argument;

	if (type == FF_ARGUMENT_INT)
		value = (__s64)(__s32)argument;
	else if (type == FF_ARGUMENT_UINT)
		value = (__u32)argument;
	if (!counted_argument.log2)
		return value;
	return bits_of(value, type == FF_ARGUMENT_INT || type == FF_ARGUMENT_LONG);
}

static __always_inline long read_string(const struct call *call, struct argument_text *text)
{
	__u64 length = call->next_argument;

	if (!(call->cookie & FF_EDGE_GO_REGISTER))
		return bpf_probe_read_user_str(text, sizeof(*text), (const void *)call->argument);
	if (length > sizeof(*text) - 1)
		length = sizeof(*text) - 1;
	barrier_var(length);
	return bpf_probe_read_user(text, length & (sizeof(*text) - 1), (const void *)call->argument);
}

/* FNV-1a by words, and the upper half mixed in: it tells strings apart, against nobody who means harm. */
static __always_inline __u64 hash_of(const struct argument_text *text)
{
	__u64 hash = 0xcbf29ce484222325ULL;
	__u32 i;

#pragma unroll
	for (i = 0; i < sizeof(text->words) / sizeof(text->words[0]); i++) {
		hash = (hash ^ text->words[i]) * 0x100000001b3ULL;
		hash ^= hash >> 32;
	}
	return hash == FF_NO_STRING ? 0 : hash;
}

static __always_inline __u64 which_argument(const struct call *call, struct argument_text *text)
{
	if (counted_argument.type != FF_ARGUMENT_STRING)
		return number_of(call->argument);
	if (read_string(call, text) < 0)
		return FF_NO_STRING;
	return hash_of(text);
}

#endif
