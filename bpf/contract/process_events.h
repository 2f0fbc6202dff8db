/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The life of the watched processes. Forks and exits are of processes, not of threads. */
#ifndef FOOTFALL_CONTRACT_PROCESS_EVENTS_H
#define FOOTFALL_CONTRACT_PROCESS_EVENTS_H

#include "event.h"

struct ff_process_event { /* FORK, and what EXEC and EXIT begin with */
	struct ff_event event;
	__u32 pid;
	__u32 parent; /* FORK: who forked; EXEC: whose child it is; EXIT: 0 */
	__u32 uid;
	__u32 exit_code; /* EXIT: as wait(2) reports it; EXEC: 1 if only this made it watched, for the agent to judge */
	char comm[FF_COMM_LENGTH];
};
FF_ASSERT_SIZE(struct ff_process_event, 48);

/* EXIT ends so; in raw files of before 2026-12 it does not. */
struct ff_exited_event {
	struct ff_process_event process;
	__u64 cpu_ns; /* that all of its threads have run, in all */
};
FF_ASSERT_SIZE(struct ff_exited_event, 56);

#define FF_PATH_MOST      256
#define FF_ARGUMENTS_MOST 256

/*
 * EXEC ends so; in raw files of before 2026-11-29 it does not. The path is empty where it is none of a command: footfall's
 * own, and what the agent found to be none of its business.
 */
struct ff_executed_event {
	struct ff_process_event process;   /* with the parent */
	char path[FF_PATH_MOST];           /* as it was asked for, ended by a zero byte; cut if that is the last one */
	char arguments[FF_ARGUMENTS_MOST]; /* each ended by a zero byte; cut where there is no more room */
};
FF_ASSERT_SIZE(struct ff_executed_event, 48 + 256 + 256);

/*
 * What the agent found out about a process in /proc, so that a raw capture names its services on any host. Behind the
 * struct stand text_length bytes: service, executable and build-id, each ended by a zero byte.
 */
struct ff_described_event {
	struct ff_event event;
	__u32 pid;
	__u32 text_length;
};
FF_ASSERT_SIZE(struct ff_described_event, 24);

#endif
