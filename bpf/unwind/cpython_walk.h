/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A walk over the Python frames of a thread, in progress (cpython.h). */
#ifndef FOOTFALL_UNWIND_CPYTHON_WALK_H
#define FOOTFALL_UNWIND_CPYTHON_WALK_H

#include "bpf/contract/script_frames.h"

struct ff_cpython_walk {
	__u64 self;        /* pthread_self() of the thread */
	__u64 interpreter; /* PyInterpreterState whose thread states are looked at; 0: no more are */
	__u64 thread;      /* PyThreadState to look at next; 0: the interpreter has no more */
	__u64 frame;       /* to look at next; 0: the thread state has no more */
	__u32 threads;     /* thread states of this thread that were found */
	__u32 several;     /* there is more than one interpreter: the thread may have a state in each */
	__u32 frames;      /* that are kept */
	__u32 reserved;
	__u64 frame_words[16];
	__u64 code_words[32]; /* FF_CPYTHON_CODE_BYTES of them */
};

#endif
