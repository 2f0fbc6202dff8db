/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Frames of programs that an interpreter or virtual machine runs: what of them travels in a stack, and what the agent tells
 * the kernel side of the interpreters that it has found.
 *
 * The kernel side reads script frames from the interpreter's own structures, beside the walk over the native stack. Which
 * of them belong to which native frame is the agent's to say: a native frame of the interpreter's code stands for the
 * script frames up to and including the next one that has FF_SCRIPT_ENTRY.
 */
#ifndef FOOTFALL_CONTRACT_SCRIPT_FRAMES_H
#define FOOTFALL_CONTRACT_SCRIPT_FRAMES_H

#include "event.h"
#include "hotspot.h"

#define FF_SCRIPT_DEPTH 128 /* script frames that are kept; a power of two */

enum ff_runtime {
	FF_RUNTIME_NONE = 0,
	FF_RUNTIME_CPYTHON = 1,
	FF_RUNTIME_HOTSPOT = 2,
};

enum ff_script_stop {
#define FF_SCRIPT_STOP(enumerator, text, help) FF_SCRIPT_##enumerator,
#include "script_stops.def"
#undef FF_SCRIPT_STOP
	FF_SCRIPT_STOPS
};

/* Flags of ff_script_frame.check. */
#define FF_SCRIPT_ENTRY      (1U << 31) /* the outermost one that its native frame runs */
#define FF_SCRIPT_CHECK_BITS 0x7fffffffU

/* A function of a script that a thread is in. */
struct ff_script_frame {
	__u64 function; /* address of the runtime's object for it. CPython: PyCodeObject */
	__u32 position; /* CPython: bytes from the first instruction of the code to the one that runs */
	__u32 check;    /* made of the object, so that another object in its place is told from it; and FF_SCRIPT_ENTRY */
};
FF_ASSERT_SIZE(struct ff_script_frame, 16);

/*
 * Where a CPython interpreter keeps its frames. Addresses are the process's, offsets are bytes; FF_CPYTHON_ABSENT stands for
 * a field that the version does not have. Filled in from symbolizer/interpreters/cpython/layout.h.
 */
#define FF_CPYTHON_ABSENT 0xffff

enum ff_cpython_frames {
	FF_CPYTHON_FRAME_OBJECTS = 0, /* up to 3.10: PyFrameObject, each run by a native call of its own */
	FF_CPYTHON_IS_ENTRY = 1,      /* 3.11: _PyInterpreterFrame with is_entry */
	FF_CPYTHON_OWNER = 2, /* from 3.12 on: _PyInterpreterFrame; a frame that the C stack owns begins a native call */
};

struct ff_cpython {
	__u64 runtime;             /* _PyRuntime */
	__u64 code_type;           /* PyCode_Type, which the functions' objects have to be of */
	__u32 interpreter_threads; /* PyInterpreterState: its first PyThreadState; from 3.12 on far inside */
	__u16 interpreters_head;   /* _PyRuntime: the first PyInterpreterState */
	__u16 interpreter_next;    /* PyInterpreterState */
	__u16 thread_slot;  /* from the thread pointer: where C thread-specific data has the PyThreadState; or ABSENT */
	__u16 thread_next;  /* PyThreadState */
	__u16 thread_id;    /* PyThreadState: pthread_self(), which is the thread pointer */
	__u16 thread_frame; /* PyThreadState: frame (up to 3.10), cframe (3.11, 3.12), current_frame (from 3.13 on) */
	__u16 cframe_frame; /* _PyCFrame.current_frame; ABSENT: the thread has its frame itself */
	__u8 frames;        /* enum ff_cpython_frames */
	__u8 owner_cstack;  /* FF_CPYTHON_OWNER: FRAME_OWNED_BY_CSTACK */
	__u16 frame_code;   /* of a frame: its code (f_executable in 3.13) */
	__u16 frame_previous;
	__u16 frame_position;  /* int f_lasti, or a pointer to the instruction */
	__u16 frame_entry;     /* is_entry or owner; one byte */
	__u8 check_words;      /* PyCodeObject: the word behind the last that tells it from others; the third is the first */
	__u8 check_half;       /* of this one the lower half does only: the upper one changes. 0: of none */
	__u16 name_hash;       /* str: hash, which names of code have; ABSENT: a word says which one the code object is */
	__u16 code_first_line; /* int co_firstlineno */
	__u16 code_file;       /* co_filename */
	__u16 code_name;       /* co_name */
	__u16 code_lines;      /* co_linetable, co_lnotab */
	__u16 code_begin;      /* where its instructions begin */
	__u16 position_unit;   /* FF_CPYTHON_FRAME_OBJECTS: bytes that f_lasti counts by */
	__u32 reserved;
};
FF_ASSERT_SIZE(struct ff_cpython, 64);

/* What runs scripts in a process. */
struct ff_interpreter {
	__u64 stack_start; /* mm->start_stack: of which program in the process */
	__u32 runtime;     /* enum ff_runtime */
	__u32 reserved;
	union {
		struct ff_cpython cpython;
		struct ff_hotspot hotspot;
	};
};
FF_ASSERT_SIZE(struct ff_interpreter, 152);

#endif
