/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the agent lays into maps for the stacks probe: which module is where in a process, and where each module's unwind
 * table is. And the settings of that probe.
 *
 * The agent publishes from the inside out (rows, then pages, then the module, then the mapping) and takes away in the other
 * order, with a pause before anything is used again, so a walk in progress never sees half of a table.
 */
#ifndef FOOTFALL_CONTRACT_STACK_MAPS_H
#define FOOTFALL_CONTRACT_STACK_MAPS_H

#include "unwind_table.h"

#define FF_MOST_MODULES     16384 /* number 0 is none; a frame has 16 bits for it */
#define FF_MAPPINGS_STEPS   14    /* of the search among a process's mappings */
#define FF_MOST_MAPPINGS    ((1 << FF_MAPPINGS_STEPS) - 1)
#define FF_ROWS_SHIFT       15 /* rows are kept in chunks of 2^15; those of one page never span two chunks */
#define FF_ROWS_IN_CHUNK    (1 << FF_ROWS_SHIFT)
#define FF_STACK_COPY_PAGES 16 /* of stack that are copied for the agent to walk */
#define FF_STACK_COPY_PAGE  4096
#define FF_RED_ZONE         128 /* bytes below the stack pointer that belong to the innermost frame */
#define FF_SCRATCH_PER_CPU  4   /* one each for the clock, the scheduler, the iterator, calls of functions */

/* A process that is known: its executable mappings are mappings[first] to mappings[first + count - 1], by address. */
struct ff_process_mappings {
	__u64 executable_pages; /* mm->exec_vm when they were read: any other count, and they are out of date */
	__u64 stack_start;      /* mm->start_stack: chosen anew at each execution, so it tells one program from the next */
	__u32 first;
	__u32 count;
};
FF_ASSERT_SIZE(struct ff_process_mappings, 24);

struct ff_mapping {
	__u64 start;
	__u64 end;
	__u64 bias;   /* address in the process - bias = address in the module */
	__u32 module; /* 0: no file is behind it */
	__u32 reserved;
};
FF_ASSERT_SIZE(struct ff_mapping, 32);

enum ff_table_state {
	FF_TABLE_MISSING = 0, /* not loaded yet */
	FF_TABLE_LOADED = 1,
	FF_TABLE_NONE = 2, /* there is none, and there will be none */
};

struct ff_module {
	__u32 first_page; /* in the directory of all tables */
	__u32 pages;
	__u32 page_base; /* which page of the module's addresses the first one is */
	__u32 state;     /* enum ff_table_state */
};
FF_ASSERT_SIZE(struct ff_module, 16);

struct ff_stack_config {
	__u64 sample_ns;        /* what a sample of the clock stands for */
	__u32 ticks_per_sample; /* of the clock; not 0 */
	__u8 waits;             /* 1: stacks of threads that leave the CPU, too */
	__u8 reserved[3];
};
FF_ASSERT_SIZE(struct ff_stack_config, 16);

#endif
