/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What is decided before a probe is loaded. The agent fills one struct, it becomes read-only data, and the verifier
 * removes the branches that are off. And the counters that every probe keeps.
 */
#ifndef FOOTFALL_CONTRACT_PROBE_CONFIG_H
#define FOOTFALL_CONTRACT_PROBE_CONFIG_H

#include "event.h"

#define FF_MAX_PORTS   8
#define FF_MAX_CGROUPS 8
#define FF_MAX_UIDS    8

/* Who is watched. Process selectors add up (pid or uid or cgroup); ports narrow the result. */
struct ff_probe_config {
	__u32 own_pid;   /* never watched */
	__u8 everything; /* 1: the whole host */
	__u8 by_pid;     /* 1: the processes in the map `watched`, which follows forks */
	__u8 uid_count;
	__u8 cgroup_count;
	__u8 port_count;
	__u8 propose_executed; /* 1: a process that executes is watched until the agent has looked at it */
	__u8 thread_times;     /* 1: messages say how their threads have fared */
	__u8 thread_calls;     /* 1: and which of the counted functions they have called */
	__u32 uids[FF_MAX_UIDS];
	__u32 command;                       /* footfall's child, to be watched from its next execution on; 0: none */
	__u16 ports[FF_MAX_PORTS];           /* local or peer port, host order */
	__u64 cgroups[FF_MAX_CGROUPS];       /* cgroup v2 ids */
	__u32 cgroup_levels[FF_MAX_CGROUPS]; /* and their depths */
};
FF_ASSERT_SIZE(struct ff_probe_config, 160);

/* The map `watched` is a set of bits, by pid: the cheapest question that a hook can ask. Both sides change it atomically. */
#define FF_MOST_PIDS         (1 << 22) /* PID_MAX_LIMIT of 64-bit kernels */
#define FF_WATCHED_WORD_BITS 64
#define FF_WATCHED_WORDS     (FF_MOST_PIDS / FF_WATCHED_WORD_BITS)

/* Per-CPU counters, in the array map `counters`. */
enum ff_counter {
#define FF_DROP(name, text, help) FF_DROP_##name,
#include "drop_reasons.def"
#undef FF_DROP
	FF_DROP_REASONS,
	FF_COUNT_SUBMITTED = FF_DROP_REASONS, /* events that reached the ring */
	FF_COUNT_UNREADABLE, /* messages whose payload could not be read: paged out, or not in user memory */
	FF_COUNT_IO_URING,   /* messages that io_uring moved */
	FF_COUNT_UNSEEN,     /* times that TCP had handed out bytes which no hook saw: splice is in use */
	FF_COUNTERS,
};

#endif
