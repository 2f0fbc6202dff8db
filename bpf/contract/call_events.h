/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which of the counted functions a thread has called since it was told of last, or since it waited; where calls are told
 * apart by the operations that threads serve. Told in front of the thread's next message, so that the order of events says
 * between which messages the calls came. Behind struct ff_calls_event stand `count` structs ff_called.
 */
#ifndef FOOTFALL_CONTRACT_CALL_EVENTS_H
#define FOOTFALL_CONTRACT_CALL_EVENTS_H

#include "event.h"

struct ff_called {
	__u32 function; /* FF_CALLED() of it */
	__u32 calls;
};
FF_ASSERT_SIZE(struct ff_called, 8);

#define FF_CALLED_MOST             16 /* in one event */
#define FF_PROBE_SHIFT             20
#define FF_MOST_CALLED_PROBES      (1 << (32 - FF_PROBE_SHIFT)) /* numbers that the agent gives to files' probes */
#define FF_CALLED(probe, function) ((__u32)(probe) << FF_PROBE_SHIFT | (function))

struct ff_calls_event {
	struct ff_event event;
	__u32 pid;
	__u32 tid;
	__u16 sleeps; /* how often the thread has gone to wait before; wraps around */
	__u16 count;
	__u32 reserved;
};
FF_ASSERT_SIZE(struct ff_calls_event, 32);

#endif
