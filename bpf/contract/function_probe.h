/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the functions probe counts: each function that was picked has a number, which is the cookie of its attachment and
 * its place in the map.
 */
#ifndef FOOTFALL_CONTRACT_FUNCTION_PROBE_H
#define FOOTFALL_CONTRACT_FUNCTION_PROBE_H

#include "event.h"

#define FF_MOST_FUNCTIONS (1 << 18)

/*
 * Functions are attached in batches, by their numbers. While one is attached anew, without some of its functions, both of
 * its links hit; the cookie says of which generation a link is, and only those of the batch's present one count.
 */
#define FF_FUNCTION_BATCH        512
#define FF_FUNCTION_BATCHES      (FF_MOST_FUNCTIONS / FF_FUNCTION_BATCH)
#define FF_FUNCTION_OF(cookie)   ((__u32)(cookie)&0xfffff)
#define FF_GENERATION_BIT        31
#define FF_GENERATION_OF(cookie) ((__u32)((cookie) >> FF_GENERATION_BIT) & 1)

/*
 * Where returns can't be probed, calls are timed at places in the code where they begin and end. What is known of each is in
 * its cookie, too: what happens there, and where the address to return to lies, which is the same place at both ends of a
 * call.
 */
#define FF_EDGE_BEGINS            (1ULL << 20)
#define FF_EDGE_ENDS              (1ULL << 21)
#define FF_EDGE_FROM_FRAME        (1ULL << 22) /* the place is counted from rbp, else from rsp */
#define FF_EDGE_GO_REGISTER       (1ULL << 23) /* r14 points to the goroutine */
#define FF_EDGE_GO_THREAD         (1ULL << 24) /* the thread's storage does */
#define FF_EDGE_CONDITION_SHIFT   25           /* ENDS: a condition code of x86, under which it does, or ALWAYS */
#define FF_EDGE_CONDITION(cookie) ((__u32)((cookie) >> FF_EDGE_CONDITION_SHIFT) & 0x1f)
#define FF_EDGE_ALWAYS            16
#define FF_EDGE_NOT_TIMED         (1ULL << 30) /* BEGINS: it is not known where the call ends */
#define FF_EDGE_PLACE_SHIFT       32           /* bytes, with a sign */
#define FF_EDGE_PLACE(cookie)     ((__s32)((cookie) >> FF_EDGE_PLACE_SHIFT))

#define FF_OPEN_CALLS (1 << 16) /* of a file; those that were touched longest ago make room */

/*
 * How long calls took, per CPU: by the highest bit of the nanoseconds and the FF_DURATION_BITS bits below it. What is
 * shorter than the first cell lies in it, what is longer than the last (4.4 minutes) in that.
 */
#define FF_DURATION_BITS    3
#define FF_DURATION_SHIFT   4 /* the first cell: 16 ns */
#define FF_DURATION_HIGHEST 37
#define FF_DURATION_CELLS   ((FF_DURATION_HIGHEST - FF_DURATION_SHIFT + 1) << FF_DURATION_BITS)

struct ff_function_durations {
	__u64 sum_ns;
	__u64 max_ns;
	__u64 cells[FF_DURATION_CELLS];
	/* Only of calls that are timed at both ends: */
	__u64 left;      /* seen to be over when another call began at its place: an exception, longjmp */
	__u64 unmatched; /* ends of which no beginning is known: it began before footfall came, or found no room */
};
FF_ASSERT_SIZE(struct ff_function_durations, 32 + 8 * 272);

/* What calls are told apart by, besides their function. */
enum ff_function_by {
	FF_BY_NOTHING = 0,
	FF_BY_PROCESS = 1,
	FF_BY_THREAD = 2,
	FF_BY_USER = 3,
	FF_BY_CALLER = 4, /* the place in the code that the call returns to */
	FF_BY_ARGUMENT = 5,
	FF_BY_OPERATION = 6, /* that the thread serves: the agent finds out, by call_events.h */
};

/* BY_ARGUMENT: which, and what it is. */
enum ff_argument_type {
	FF_ARGUMENT_INT = 0,    /* 32 bits, with a sign */
	FF_ARGUMENT_UINT = 1,   /* 32 bits */
	FF_ARGUMENT_LONG = 2,   /* 64 bits, with a sign */
	FF_ARGUMENT_ULONG = 3,  /* 64 bits, or an address */
	FF_ARGUMENT_STRING = 4, /* of C, or two arguments of Go: its address and its length */
};

#define FF_ARGUMENT_PLACES 6

struct ff_argument {
	__u32 place; /* 1: the first */
	__u32 type;  /* enum ff_argument_type */
	__u32 log2;  /* 1: powers of two are told apart, not values */
	__u32 reserved;
};
FF_ASSERT_SIZE(struct ff_argument, 16);

/*
 * BY_ARGUMENT of USDT probes: where it lies at a site. The place of each site in the map `usdt_arguments` is in the upper
 * half of its cookie. Registers by DWARF number, 16 for rip, or NO_REGISTER.
 */
enum ff_usdt_argument_in {
	FF_USDT_CONSTANT = 0, /* it is `offset` */
	FF_USDT_REGISTER = 1, /* base has it */
	FF_USDT_MEMORY = 2,   /* at base + (index << shift) + offset */
	FF_USDT_NOWHERE = 3,
};

#define FF_USDT_RIP         16
#define FF_USDT_NO_REGISTER 0xff
#define FF_USDT_SITE_SHIFT  32

struct ff_usdt_argument {
	__s64 offset;
	__s8 bytes; /* 1, 2, 4 or 8, below zero if they have a sign */
	__u8 in;    /* enum ff_usdt_argument_in */
	__u8 base;
	__u8 index;
	__u8 shift;
	__u8 reserved[3];
};
FF_ASSERT_SIZE(struct ff_usdt_argument, 16);

#define FF_PART_TEXT      64
#define FF_NO_STRING      (~0ULL)   /* BY_ARGUMENT: there is no memory where it should be */
#define FF_DEVICE_UNKNOWN (~0ULL)   /* BY_CALLER: the process's mappings were being changed whenever they were looked at */
#define FF_FUNCTION_PARTS (1 << 16) /* of a file; what is beyond is in the function's own count alone */

struct ff_function_part_key {
	__u32 function;
	__u32 pid; /* BY_USER, BY_ARGUMENT: 0 */
	/*
	 * BY_THREAD: tid; BY_USER: uid; BY_CALLER: address in the process; BY_ARGUMENT: the value in 64 bits, or how many
	 * bits its absolute value takes, negative if it is; of a string a hash, or NO_STRING; else 0
	 */
	__u64 who;
};

struct ff_function_part {
	__u64 calls;
	/* What was known at the first call, on the processor that had it; zero on the others. */
	char comm[FF_COMM_LENGTH];
	/* BY_CALLER: the file that is mapped at the address. */
	__u64 device; /* major above 20 bits of minor; 0: memory of no file */
	__u64 inode;
	__u64 offset; /* in the file */
	/* BY_CALLER: the file's name; BY_ARGUMENT: a string. Cut. */
	char text[FF_PART_TEXT];
};
FF_ASSERT_SIZE(struct ff_function_part, 112);

#endif
