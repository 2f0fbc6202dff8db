/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What every record in the ring begins with, and the kinds of records there are.
 *
 * Both sides include this folder and nothing else of each other. All fields have fixed widths, are aligned by order and
 * padded by hand; FF_ASSERT_SIZE holds both compilers to the same layout. Integers are in host order, times are
 * CLOCK_MONOTONIC nanoseconds, pid is the thread group's id (what users call pid), tid is the thread's.
 */
#ifndef FOOTFALL_CONTRACT_EVENT_H
#define FOOTFALL_CONTRACT_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#ifdef __cplusplus
#define FF_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes))
#else
#define FF_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

#define FF_COMM_LENGTH 16 /* TASK_COMM_LEN */

enum ff_event_kind {
	FF_EVENT_CONNECTION = 1,  /* struct ff_connection_event */
	FF_EVENT_UNTIMED = 2,     /* struct ff_message_event up to its thread's times: in raw files of before 2026-12 */
	FF_EVENT_CLOSE = 3,       /* struct ff_close_event */
	FF_EVENT_BLIND = 4,       /* struct ff_blind_event */
	FF_EVENT_PLAINTEXT = 5,   /* struct ff_plaintext_event */
	FF_EVENT_MESSAGE = 6,     /* struct ff_message_event */
	FF_EVENT_FORK = 16,       /* struct ff_process_event */
	FF_EVENT_EXEC = 17,       /* struct ff_executed_event */
	FF_EVENT_EXIT = 18,       /* struct ff_exited_event */
	FF_EVENT_OPENED = 19,     /* struct ff_opened_event */
	FF_EVENT_UNSCRIPTED = 32, /* struct ff_stack_event up to its runtime: in raw files of before 2026-12 */
	FF_EVENT_WAITED = 33,     /* struct ff_waited_event */
	FF_EVENT_CALLS = 34,      /* struct ff_calls_event */
	FF_EVENT_STACK = 35,      /* struct ff_stack_event */
	FF_EVENT_DESCRIBED = 64,  /* struct ff_described_event: written by the agent into raw files only */
};

struct ff_event {
	__u16 kind; /* enum ff_event_kind */
	__u16 reserved;
	__u32 size; /* bytes of the record that are meant, this header included */
	__u64 time_ns;
};
FF_ASSERT_SIZE(struct ff_event, 16);

#endif
