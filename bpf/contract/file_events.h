/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Files that the watched processes open, where the user asks for those. */
#ifndef FOOTFALL_CONTRACT_FILE_EVENTS_H
#define FOOTFALL_CONTRACT_FILE_EVENTS_H

#include "event.h"

#define FF_FILE_NAME_MOST 256  /* NAME_MAX and a zero byte */
#define FF_FILE_PATH_MOST 1024 /* of the names in front of the last one that is kept */

/*
 * A regular file was opened, or an attempt to open one failed. The names lead from the file up to the root of the process,
 * each ended by a zero byte. Of a failed attempt, the first one is the path as it was asked for; if that is relative, the
 * names of the folder that it starts from follow.
 */
struct ff_opened_event {
	struct ff_event event;
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u32 flags;        /* of open(2) */
	__u32 error;        /* errno; 0: it is open */
	__u16 names_length; /* bytes of names */
	__u16 cut;          /* 1: the names do not reach the root */
	char names[FF_FILE_PATH_MOST + FF_FILE_NAME_MOST];
};
FF_ASSERT_SIZE(struct ff_opened_event, 40 + 1024 + 256);

#endif
