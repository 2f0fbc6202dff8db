/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The life of the watched processes. Forks and exits are of processes, not of threads. */
#ifndef FOOTFALL_CONTRACT_PROCESS_EVENTS_H
#define FOOTFALL_CONTRACT_PROCESS_EVENTS_H

#include "event.h"

struct ff_process_event { /* FF_EVENT_FORK, FF_EVENT_EXEC, FF_EVENT_EXIT */
	struct ff_event event;
	__u32 pid;
	__u32 parent; /* FORK: who forked; EXIT: 0 */
	__u32 uid;
	__u32 exit_code; /* EXIT: as wait(2) reports it; EXEC: 1 if only this made it watched, for the agent to judge */
	char comm[FF_COMM_LENGTH];
};
FF_ASSERT_SIZE(struct ff_process_event, 48);

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
