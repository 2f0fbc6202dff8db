/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The frames of Python that a thread is in, from CPython's own structures. Plain C without loops, in steps of a few reads
 * each: compiled for BPF, and natively for tests.
 *
 * Before including this file, define
 *	ff_script_reader, a type: whose memory it is
 *	int ff_read_script(void *to, __u32 size, __u64 address)
 *	struct ff_script_frame *ff_script_slot(__u32 number)
 * the second copies memory of the process and returns 0 when all of it could be read, the third is where the frame of that
 * number, below FF_SCRIPT_DEPTH, is kept. They may be macros; where they are used, `walk` is the walk and `reader` the
 *reader.
 *
 * Structures: Include/cpython/{pystate,frameobject,code}.h and Include/internal/pycore_{runtime,interp,frame}.h of CPython
 * 3.9 to 3.13; their offsets are the agent's to know.
 */
#ifndef FOOTFALL_UNWIND_CPYTHON_H
#define FOOTFALL_UNWIND_CPYTHON_H

#include "bpf/unwind/cpython_check.h"
#include "bpf/unwind/cpython_walk.h"

#define FF_SCRIPT_ON (-1) /* there is more to do; every other answer of a step is an enum ff_script_stop */

/* Steps that a walk may take: frames, and thread states and interpreters that are looked at for the thread's own. */
#define FF_CPYTHON_STEPS (2 * FF_SCRIPT_DEPTH + 768)

#define FF_CPYTHON_FRAME_OBJECT_BYTES 112 /* of PyFrameObject, up to f_lasti */
#define FF_CPYTHON_FRAME_BYTES        72  /* of _PyInterpreterFrame, up to its local variables */

/* The frames of a thread state are next. A state without any is no failure: the thread is in no Python code. */
FF_SCRIPT_INLINE int ff_cpython_enter(struct ff_cpython_walk *walk, const struct ff_cpython *layout, ff_script_reader reader,
                                      __u64 thread)
{
	walk->threads++;
	if (ff_read_script(&walk->frame, sizeof(walk->frame), thread + layout->thread_frame))
		return FF_SCRIPT_UNREADABLE;
	if (layout->cframe_frame == FF_CPYTHON_ABSENT || !walk->frame)
		return FF_SCRIPT_ON;
	if (ff_read_script(&walk->frame, sizeof(walk->frame), walk->frame + layout->cframe_frame))
		return FF_SCRIPT_UNREADABLE;
	return FF_SCRIPT_ON;
}

/*
 * walk->self is set, all else is zero. Where there is one interpreter only, its thread state is where C keeps data of the
 * thread, if it is; that it names this very thread tells.
 */
FF_SCRIPT_INLINE int ff_cpython_begin(struct ff_cpython_walk *walk, const struct ff_cpython *layout, ff_script_reader reader)
{
	__u64 next, thread, id;

	if (ff_read_script(&walk->interpreter, sizeof(walk->interpreter), layout->runtime + layout->interpreters_head))
		return FF_SCRIPT_UNREADABLE;
	if (!walk->interpreter)
		return FF_SCRIPT_NO_THREAD;
	if (ff_read_script(&next, sizeof(next), walk->interpreter + layout->interpreter_next))
		return FF_SCRIPT_UNREADABLE;
	walk->several = next != 0;
	if (!walk->several && layout->thread_slot != FF_CPYTHON_ABSENT &&
	    !ff_read_script(&thread, sizeof(thread), walk->self + layout->thread_slot) && thread &&
	    !ff_read_script(&id, sizeof(id), thread + layout->thread_id) && id == walk->self) {
		walk->interpreter = 0;
		return ff_cpython_enter(walk, layout, reader, thread);
	}
	if (ff_read_script(&walk->thread, sizeof(walk->thread), walk->interpreter + layout->interpreter_threads))
		return FF_SCRIPT_UNREADABLE;
	return FF_SCRIPT_ON;
}

FF_SCRIPT_INLINE int ff_cpython_next_interpreter(struct ff_cpython_walk *walk, const struct ff_cpython *layout,
                                                 ff_script_reader reader)
{
	if (walk->interpreter &&
	    ff_read_script(&walk->interpreter, sizeof(walk->interpreter), walk->interpreter + layout->interpreter_next))
		return FF_SCRIPT_UNREADABLE;
	if (!walk->interpreter)
		return walk->threads ? FF_SCRIPT_COMPLETE : FF_SCRIPT_NO_THREAD;
	if (ff_read_script(&walk->thread, sizeof(walk->thread), walk->interpreter + layout->interpreter_threads))
		return FF_SCRIPT_UNREADABLE;
	return FF_SCRIPT_ON;
}

/* New interpreters stand in front of older ones, so that what runs in one that was entered later comes first. */
FF_SCRIPT_INLINE int ff_cpython_next_thread(struct ff_cpython_walk *walk, const struct ff_cpython *layout,
                                            ff_script_reader reader)
{
	__u64 thread = walk->thread, id;

	if (ff_read_script(&id, sizeof(id), thread + layout->thread_id) ||
	    ff_read_script(&walk->thread, sizeof(walk->thread), thread + layout->thread_next))
		return FF_SCRIPT_UNREADABLE;
	if (id != walk->self)
		return FF_SCRIPT_ON;
	walk->thread = 0;
	if (!walk->several)
		walk->interpreter = 0;
	return ff_cpython_enter(walk, layout, reader, thread);
}

FF_SCRIPT_INLINE __u64 ff_cpython_word(const struct ff_cpython_walk *walk, __u16 offset)
{
	return walk->frame_words[(offset >> 3) & 15];
}

FF_SCRIPT_INLINE __u8 ff_cpython_byte(const struct ff_cpython_walk *walk, __u16 offset)
{
	return ff_cpython_word(walk, offset) >> ((offset & 7) * 8);
}

/* A native call of the interpreter ends with the frame that was kept last; or it is one that runs no code at the moment. */
FF_SCRIPT_INLINE void ff_cpython_end_call(struct ff_cpython_walk *walk)
{
	struct ff_script_frame *last = ff_script_slot((walk->frames - 1) & (FF_SCRIPT_DEPTH - 1));

	if (walk->frames && !(last->check & FF_SCRIPT_ENTRY)) {
		last->check |= FF_SCRIPT_ENTRY;
		return;
	}
	last = ff_script_slot(walk->frames & (FF_SCRIPT_DEPTH - 1));
	last->function = 0;
	last->position = 0;
	last->check = FF_SCRIPT_ENTRY;
	walk->frames++;
}

FF_SCRIPT_INLINE int ff_cpython_keep(struct ff_cpython_walk *walk, const struct ff_cpython *layout, ff_script_reader reader,
                                     __u64 code, __u32 flags)
{
	struct ff_script_frame *kept = ff_script_slot(walk->frames & (FF_SCRIPT_DEPTH - 1));
	__u64 name_hash = 0;
	__s64 position;

	if (ff_read_script(walk->code_words, FF_CPYTHON_CODE_BYTES, code))
		return FF_SCRIPT_UNREADABLE;
	if (walk->code_words[1] != layout->code_type)
		return FF_SCRIPT_DAMAGED;
	if (layout->frames == FF_CPYTHON_FRAME_OBJECTS) {
		position = (__s32)(ff_cpython_word(walk, layout->frame_position) >> ((layout->frame_position & 4) * 8));
		position *= layout->position_unit;
	} else {
		position = ff_cpython_word(walk, layout->frame_position) - (code + layout->code_begin);
	}
	/* One unit in front of its first instruction: it has not begun. */
	if (position < 0 && position >= -2)
		position = 0;
	if (position < 0 || position > 0x7fffffff)
		return FF_SCRIPT_DAMAGED;
	if (layout->name_hash != FF_CPYTHON_ABSENT &&
	    ff_read_script(&name_hash, sizeof(name_hash),
	                   ff_cpython_code_word(walk->code_words, layout->code_name) + layout->name_hash))
		return FF_SCRIPT_UNREADABLE;
	kept->function = code;
	kept->position = position;
	kept->check = ff_cpython_check(walk->code_words, name_hash, layout) | flags;
	walk->frames++;
	return FF_SCRIPT_ON;
}

FF_SCRIPT_INLINE int ff_cpython_next_frame(struct ff_cpython_walk *walk, const struct ff_cpython *layout,
                                           ff_script_reader reader)
{
	__u64 frame = walk->frame, code;
	__u32 flags = 0;

	if (walk->frames >= FF_SCRIPT_DEPTH)
		return FF_SCRIPT_TOO_DEEP;
	if (layout->frames == FF_CPYTHON_FRAME_OBJECTS
	            ? ff_read_script(walk->frame_words, FF_CPYTHON_FRAME_OBJECT_BYTES, frame)
	            : ff_read_script(walk->frame_words, FF_CPYTHON_FRAME_BYTES, frame))
		return FF_SCRIPT_UNREADABLE;
	walk->frame = ff_cpython_word(walk, layout->frame_previous);
	if (walk->frame == frame)
		return FF_SCRIPT_DAMAGED;
	if (layout->frames == FF_CPYTHON_OWNER && ff_cpython_byte(walk, layout->frame_entry) >= layout->owner_cstack) {
		ff_cpython_end_call(walk);
		return FF_SCRIPT_ON;
	}
	if (layout->frames == FF_CPYTHON_FRAME_OBJECTS ||
	    (layout->frames == FF_CPYTHON_IS_ENTRY && ff_cpython_byte(walk, layout->frame_entry)))
		flags = FF_SCRIPT_ENTRY;
	code = ff_cpython_word(walk, layout->frame_code);
	return ff_cpython_keep(walk, layout, reader, code, flags);
}

/* Behind ff_cpython_begin(), as long as it says FF_SCRIPT_ON, at most FF_CPYTHON_STEPS times. */
FF_SCRIPT_INLINE int ff_cpython_step(struct ff_cpython_walk *walk, const struct ff_cpython *layout, ff_script_reader reader)
{
	if (walk->frame)
		return ff_cpython_next_frame(walk, layout, reader);
	if (walk->thread)
		return ff_cpython_next_thread(walk, layout, reader);
	return ff_cpython_next_interpreter(walk, layout, reader);
}

#endif
