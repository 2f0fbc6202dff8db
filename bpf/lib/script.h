/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Reads the script frames of the running thread, where its process has an interpreter that the agent has found. Beside the
 * walk over the native stack, so that it does not matter where that ends.
 */
#ifndef FOOTFALL_LIB_SCRIPT_H
#define FOOTFALL_LIB_SCRIPT_H

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "walk.h"

/* Whose memory it is, where that is not the running thread's. Reading that one may sleep. */
typedef struct task_struct *ff_script_reader;

#define ff_read_script(to, size, address) read_stack(to, size, address, reader)
#define ff_script_slot(number)            (&container_of(walk, struct walk, cpython_walk)->script[number])

#include "bpf/unwind/cpython.h"

/* By pid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct ff_interpreter);
} interpreters SEC(".maps");

static __always_inline long step_cpython_of(struct walk *walk, struct task_struct *other)
{
	int stop = ff_cpython_step(&walk->cpython_walk, &walk->interpreter.cpython, other);

	if (stop == FF_SCRIPT_ON)
		return WALK_ON;
	walk->event.script_stop = stop;
	return WALK_DONE;
}

static long step_cpython(__u32 index, struct walk_context *context)
{
	return step_cpython_of(context->walk, NULL);
}

/* False: the walk is over. */
static __always_inline bool begin_cpython(struct walk *walk, const struct task_struct *task, struct task_struct *other)
{
	int stop;

	__builtin_memset(&walk->cpython_walk, 0, __builtin_offsetof(struct ff_cpython_walk, frame_words));
	walk->cpython_walk.self = task->thread.fsbase;
	stop = ff_cpython_begin(&walk->cpython_walk, &walk->interpreter.cpython, other);
	/* Where the steps end before the walk does. */
	walk->event.script_stop = stop == FF_SCRIPT_ON ? FF_SCRIPT_TOO_DEEP : stop;
	return stop == FF_SCRIPT_ON;
}

static __always_inline void end_cpython(struct walk *walk)
{
	walk->event.script_frames = walk->cpython_walk.frames;
	/* All steps went to other threads. */
	if (walk->event.script_stop == FF_SCRIPT_TOO_DEEP && !walk->cpython_walk.threads)
		walk->event.script_stop = FF_SCRIPT_NO_THREAD;
}

/*
 * Notes the interpreter of the process, if there is one. In front of the walk over the native stack, which has to know of
 * code that a virtual machine makes.
 */
static __always_inline void find_interpreter(struct walk *walk, const struct task_struct *task)
{
	__u32 pid = task->tgid;
	struct ff_interpreter *interpreter = bpf_map_lookup_elem(&interpreters, &pid);

	walk->interpreter.runtime = FF_RUNTIME_NONE;
	__builtin_memset(walk->hotspot.vm.heaps, 0, sizeof(walk->hotspot.vm.heaps));
	if (!interpreter || !task->mm || interpreter->stack_start != task->mm->start_stack)
		return;
	walk->interpreter = *interpreter;
	walk->event.runtime = walk->interpreter.runtime;
	if (walk->interpreter.runtime == FF_RUNTIME_HOTSPOT)
		walk->hotspot.vm = walk->interpreter.hotspot;
}

/* Fills in the script frames. Behind the walk over the native stack, which has found those of virtual machines. */
static __always_inline void walk_script_stack(struct walk *walk, const struct task_struct *task)
{
	struct walk_context context = {.walk = walk};

	if (walk->interpreter.runtime == FF_RUNTIME_HOTSPOT)
		walk->event.script_stop = FF_SCRIPT_COMPLETE;
	if (walk->interpreter.runtime != FF_RUNTIME_CPYTHON)
		return;
	if (begin_cpython(walk, task, NULL))
		bpf_loop(FF_CPYTHON_STEPS, step_cpython, &context, 0);
	end_cpython(walk);
}

struct other_context {
	struct walk *walk;
	struct task_struct *task;
};

static long step_cpython_of_other(__u32 index, struct other_context *context)
{
	return step_cpython_of(context->walk, context->task);
}

/* Of a thread that is off the CPU, whose native stack was copied. Only where sleeping is allowed. */
static __always_inline void walk_script_stack_of(struct walk *walk, struct task_struct *task)
{
	struct other_context context = {.walk = walk, .task = task};

	find_interpreter(walk, task);
	if (walk->interpreter.runtime != FF_RUNTIME_CPYTHON)
		return;
	if (begin_cpython(walk, task, task))
		bpf_loop(FF_CPYTHON_STEPS, step_cpython_of_other, &context, 0);
	end_cpython(walk);
}

#endif
