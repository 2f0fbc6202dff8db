/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Walks the user stack of the running thread by unwind tables (bpf/unwind has the single steps), and copies the stack for
 * the agent to walk where a table or a mapping is not known yet.
 */
#ifndef FOOTFALL_LIB_WALK_H
#define FOOTFALL_LIB_WALK_H

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/contract/stack_events.h"
#include "bpf/contract/stack_maps.h"
#include "maps.h"

#define STACK_WINDOW 512
#define NO_WINDOW    (1ULL << 63) /* in the kernel's half, where nothing is read */

/* Rows are looked up in one chunk, which travels with the page whose rows it holds. */
struct rows_chunk {
	struct ff_unwind_row rows[FF_ROWS_IN_CHUNK];
};

struct located_page {
	struct ff_unwind_page page;
	struct rows_chunk *chunk;
};

#define chunk_of(page_pointer)          (((const struct located_page *)(page_pointer))->chunk)
#define ff_row_at(index)                (&chunk_of(page)->rows[(index) & (FF_ROWS_IN_CHUNK - 1)])
#define ff_read_user(to, size, address) read_stack_window(frame, (__u64 *)(to), size, address)

struct ff_frame;
static __always_inline long read_stack_window(const struct ff_frame *frame, __u64 *to, __u32 size, __u64 address);

#include "bpf/lib/probed_returns.h"
#include "bpf/unwind/cpython_walk.h"
#include "bpf/unwind/search.h"
#include "bpf/unwind/step.h"

#define ff_read_code(to, size, address) bpf_probe_read_user(to, size, (const void *)(address))
#define ff_is_native(address)           is_in_known_mapping(frame, address)

static __always_inline int is_in_known_mapping(const struct ff_frame *frame, __u64 address);

#include "bpf/unwind/hotspot.h"

/* Processes whose mappings are known, by pid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct ff_process_mappings);
} process_mappings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the agent sets it, as those of the next two */
	__type(key, __u32);
	__type(value, struct ff_mapping);
} mappings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FF_MOST_MODULES);
	__type(key, __u32);
	__type(value, struct ff_module);
} modules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ff_unwind_page);
} unwind_pages SEC(".maps");

struct rows_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct rows_chunk)); /* by its size: clang keeps no types of an inner map's value */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct rows_map);
} unwind_rows SEC(".maps");

/* A walk in progress, and the event that it becomes. */
struct walk {
	struct ff_stack_event event;
	__u64 frames[2 * FF_STACK_DEPTH]; /* the kernel's, then the user's */
	struct ff_script_frame script[FF_SCRIPT_DEPTH];
	struct ff_innermost innermost;
	__u8 copy[FF_STACK_COPY_PAGES * FF_STACK_COPY_PAGE]; /* its first bytes are the window until then */
	struct ff_frame frame;
	__u64 window; /* the address of its first byte */
	struct ff_process_mappings process;
	struct ff_mapping mapping; /* that the latest address was in */
	__u32 interrupted;         /* the frame's ip is where it was interrupted, not behind a call */
	__u32 is_innermost;
	__u32 guessed; /* the frame was found by frame pointer */
	struct returns returns;

	struct ff_hotspot_walk hotspot; /* its vm without code where the process has no virtual machine */

	/* Of the walk over the script frames. */
	struct ff_interpreter interpreter;
	struct ff_cpython_walk cpython_walk;

	__u32 in_use; /* by a thread that may lose its processor meanwhile */

	/* Of the CPU's clock, from one walk to the next. */
	__u32 tick;
	__u32 chosen_tick;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the agent sets it: FF_SCRATCH_PER_CPU for each CPU */
	__type(key, __u32);
	__type(value, struct walk);
} walks SEC(".maps");

/*
 * A call into the kernel costs more than the bytes that it copies, and the frames of a stack lie close together: so they are
 * read from a window on the stack, which moves up with the walk. Nothing changes there while the thread stands still.
 */
static __always_inline long read_stack_window(const struct ff_frame *frame, __u64 *to, __u32 size, __u64 address)
{
	struct walk *walk = container_of(frame, struct walk, frame);
	__u64 offset = address - walk->window;

	/* A stack that is damaged, or no stack at all, may lead anywhere. */
	if (address & (NO_WINDOW | 7))
		return bpf_probe_read_user(to, size, (const void *)address);
	if (offset > STACK_WINDOW - 16) {
		walk->window = NO_WINDOW; /* a read that fails leaves none */
		if (bpf_probe_read_user(walk->copy, STACK_WINDOW, (const void *)address))
			return bpf_probe_read_user(to, size, (const void *)address);
		walk->window = address;
		offset = 0;
	}
	to[0] = *(const __u64 *)(walk->copy + offset);
	if (size == 16)
		to[1] = *(const __u64 *)(walk->copy + offset + 8);
	return 0;
}

static __always_inline bool holds(const struct ff_mapping *mapping, __u64 address)
{
	return address >= mapping->start && address < mapping->end;
}

/* Copies the mapping that an address lies in to walk->mapping. A global function: the verifier looks at its loop once. */
__noinline int find_mapping(struct walk *walk, __u64 address)
{
	struct ff_mapping *mapping;
	__u32 low = 0, high, index, i;

	if (!walk)
		return 0;
	high = walk->process.count;
	for (i = 0; i < FF_MAPPINGS_STEPS && low < high; i++) {
		index = walk->process.first + (low + high) / 2;
		mapping = bpf_map_lookup_elem(&mappings, &index);
		if (!mapping)
			return 0;
		if (holds(mapping, address)) {
			walk->mapping = *mapping;
			return 1;
		}
		if (address < mapping->start)
			high = (low + high) / 2;
		else
			low = (low + high) / 2 + 1;
	}
	return 0;
}

static __always_inline int is_in_known_mapping(const struct ff_frame *frame, __u64 address)
{
	return find_mapping(container_of(frame, struct walk, frame), address);
}

/* One step by the module's table. FF_STOP_NO_RULE: it has none for this address. */
static __always_inline int step_by_table(struct walk *walk, __u64 address)
{
	__u32 number = walk ? walk->mapping.module : 0, chunk, zero = 0;
	struct ff_module *module = bpf_map_lookup_elem(&modules, &number);
	struct located_page located = {};
	const struct ff_unwind_row *row;
	struct ff_unwind_page *page;
	void *rows;

	if (!walk || !number || !module || module->state == FF_TABLE_NONE)
		return FF_STOP_NO_RULE;
	if (module->state == FF_TABLE_MISSING)
		return FF_STOP_NO_TABLE;
	address -= walk->mapping.bias;
	number = (address >> FF_UNWIND_PAGE_SHIFT) - module->page_base;
	if (number >= module->pages)
		return FF_STOP_NO_RULE;
	number += module->first_page;
	page = bpf_map_lookup_elem(&unwind_pages, &number);
	if (!page)
		return FF_STOP_NO_RULE;
	located.page = *page;
	chunk = located.page.first_row >> FF_ROWS_SHIFT;
	rows = bpf_map_lookup_elem(&unwind_rows, &chunk);
	if (!rows)
		return FF_STOP_NO_RULE;
	located.chunk = bpf_map_lookup_elem(rows, &zero);
	if (!located.chunk)
		return FF_STOP_NO_RULE;
	row = ff_find_row(&located.page, address);
	if (!row)
		return FF_STOP_NO_RULE;
	return ff_unwind_step(&walk->frame, row, &walk->innermost, walk->is_innermost, &walk->interrupted);
}

static __always_inline void keep_frame(struct walk *walk, __u64 address)
{
	__u32 at = walk->event.kernel_frames + walk->event.user_frames, number = walk->event.user_frames;
	__u64 frame = address;

	if (walk->mapping.module)
		frame = (address - walk->mapping.bias) | (__u64)walk->mapping.module << FF_FRAME_MODULE_SHIFT;
	if (at < 2 * FF_STACK_DEPTH)
		walk->frames[at] = frame;
	if (walk->guessed)
		walk->event.guessed[(number >> 6) & 1] |= 1ULL << (number & 63);
	walk->event.user_frames = number + 1;
}

/* Its frame is that of code which a virtual machine made. A global function: the verifier looks at it once. */
__noinline int step_out_of_managed_code(struct walk *walk)
{
	const __u32 bytecode_pointer = 13; /* r13, by DWARF's numbers */
	__u32 number;
	int step;

	if (!walk)
		return FF_STOP_NO_RULE;
	step = ff_hotspot_step(&walk->frame, &walk->hotspot, walk->interrupted,
	                       walk->is_innermost ? walk->innermost.registers[bytecode_pointer] : 0);
	number = walk->event.script_frames;
	walk->script[number & (FF_SCRIPT_DEPTH - 1)] = walk->hotspot.found;
	walk->event.script_frames = number + 1;
	walk->interrupted = 0;
	walk->guessed = walk->hotspot.guessed;
	return step;
}

struct walk_context {
	struct walk *walk;
};

enum { WALK_ON = 0, WALK_DONE = 1 }; /* what bpf_loop wants to hear */

static long walk_frame(__u32 index, struct walk_context *context)
{
	struct walk *walk = context->walk;
	__u64 address = walk->frame.ip - !walk->interrupted;
	const bool is_managed = ff_in_code_cache(&walk->hotspot.vm, address);
	int step;

	/* Such code grows without that its mapping is known anew. */
	if (is_managed)
		__builtin_memset(&walk->mapping, 0, sizeof(walk->mapping));
	else if (!holds(&walk->mapping, address) && !find_mapping(walk, address)) {
		/* A guess that leads nowhere was none. */
		walk->event.stop = walk->guessed ? FF_STOP_NO_RULE : FF_STOP_NO_MAPPING;
		return WALK_DONE;
	}
	keep_frame(walk, address);
	walk->guessed = 0;
	step = is_managed ? step_out_of_managed_code(walk) : step_by_table(walk, address);
	if (step == FF_STOP_NO_RULE && !is_managed) {
		walk->guessed = 1;
		walk->interrupted = 0;
		step = ff_frame_pointer_step(&walk->frame);
		/* Code that keeps no frame pointer may hold anything in rbp, zero too. */
		if (step == FF_STOP_OUTERMOST && walk->is_innermost)
			step = FF_STOP_NO_RULE;
	}
	walk->is_innermost = 0;
	if (step == FF_STEP_ON && walk->frame.ip == walk->returns.probed)
		walk->frame.ip = original_return(&walk->returns, walk->frame.sp - sizeof(__u64));
	if (step != FF_STEP_ON) {
		walk->event.stop = step;
		return WALK_DONE;
	}
	return WALK_ON;
}

/* Where a walk of the stack begins, and in which program. */
static __always_inline void keep_origin(struct walk *walk, const struct pt_regs *regs, const struct mm_struct *mm)
{
	__u64 *registers = walk->innermost.registers;

	registers[0] = regs->ax;
	registers[1] = regs->dx;
	registers[2] = regs->cx;
	registers[3] = regs->bx;
	registers[4] = regs->si;
	registers[5] = regs->di;
	registers[6] = regs->bp;
	registers[7] = regs->sp;
	registers[8] = regs->r8;
	registers[9] = regs->r9;
	registers[10] = regs->r10;
	registers[11] = regs->r11;
	registers[12] = regs->r12;
	registers[13] = regs->r13;
	registers[14] = regs->r14;
	registers[15] = regs->r15;
	walk->event.instruction_pointer = regs->ip;
	walk->event.stack_start = mm ? mm->start_stack : 0;
}

static __always_inline void begin_at(struct walk *walk, const struct pt_regs *regs)
{
	walk->frame.ip = regs->ip;
	walk->frame.sp = regs->sp;
	walk->frame.bp = regs->bp;
	walk->frame.bx_at = FF_BX_IN_REGISTER;
	walk->interrupted = 1;
	walk->window = NO_WINDOW;
	walk->is_innermost = 1;
	walk->guessed = 0;
	walk->mapping.start = walk->mapping.end = 0;
}

/*
 * How many bytes of a stack are copied: fewer as the ring, which others need too, fills up. Most stacks lie within the
 * first pages, so that many small copies complete more samples than few large ones.
 */
static __always_inline __u32 copy_limit(void)
{
	__u64 fill = ring_fill();

	if (!fill)
		return FF_STACK_COPY_PAGES * FF_STACK_COPY_PAGE;
	if (fill < 4)
		return 4 * FF_STACK_COPY_PAGE;
	return fill < 10 ? 2 * FF_STACK_COPY_PAGE : 0;
}

/* other: whose memory it is, where that is not the running thread's. Reading that one may sleep. */
static __always_inline long read_stack(void *to, __u32 size, __u64 address, struct task_struct *other)
{
	if (other)
		return bpf_copy_from_user_task(to, size, (const void *)address, other, 0);
	return bpf_probe_read_user(to, size, (const void *)address);
}

/*
 * The red zone, where the innermost frame may keep its own, if it can be read; and the stack from the stack pointer on, page
 * by page, until one can't.
 */
static __always_inline void copy_stack(struct walk *walk, struct task_struct *other)
{
	__u64 from = walk->innermost.registers[FF_REGISTER_RSP];
	__u32 copied = 0, length = FF_STACK_COPY_PAGE - (from & (FF_STACK_COPY_PAGE - 1)), limit = copy_limit();
	__u32 i;

	if (limit && !read_stack(walk->copy, FF_RED_ZONE, from - FF_RED_ZONE, other)) {
		copied = FF_RED_ZONE;
		from -= FF_RED_ZONE;
	}
	walk->event.copied_below = copied;
	for (i = 0; i < FF_STACK_COPY_PAGES && copied < limit; i++) {
		if (copied > (FF_STACK_COPY_PAGES - 1) * FF_STACK_COPY_PAGE || length > FF_STACK_COPY_PAGE)
			break;
		if (read_stack(walk->copy + copied, length, from + copied, other))
			break;
		copied += length;
		length = FF_STACK_COPY_PAGE;
	}
	walk->event.copied = copied;
}

/* In the copy, puts the addresses back that calls return to whose return is probed. A global function, as find_mapping(). */
__noinline int restore_returns(struct walk *walk)
{
	__u64 first, offset;
	__u32 i;

	if (!walk || !walk->returns.probed)
		return 0;
	first = walk->innermost.registers[FF_REGISTER_RSP] - walk->event.copied_below;
	for (i = 0; i < MOST_PROBED_RETURNS && walk->returns.next; i++) {
		struct probed_return found = next_return(&walk->returns);

		offset = found.stack - first;
		if (offset > sizeof(walk->copy) - sizeof(__u64))
			continue;
		*(__u64 *)(walk->copy + (offset & ~7ULL)) = found.address;
	}
	return 0;
}

/*
 * A thread that is about to return from a call whose return is probed, or that runs the copy of an instruction which is
 * probed, is in the kernel's area: it is taken to where it would be without.
 */
static __always_inline void leave_probes_area(struct walk *walk, const struct task_struct *task)
{
	struct uprobe_task *uprobes = BPF_CORE_READ(task, utask);
	__u64 area = uprobes ? probes_area(task) : 0, offset = walk->frame.ip - area;
	struct probed_return innermost = {};

	if (!area || offset >= PROBES_AREA)
		return;
	if (offset >= PROBES_SLOT) {
		walk->frame.ip = BPF_CORE_READ(uprobes, vaddr);
		return;
	}
	innermost.stack = return_being_probed(offset, walk->frame.sp);
	innermost.address = original_return(&walk->returns, innermost.stack);
	/* The kernel has dealt with it, and has put the address back. */
	if (!innermost.address)
		bpf_probe_read_user(&innermost.address, sizeof(__u64), (const void *)innermost.stack);
	walk->frame.ip = innermost.address;
	walk->frame.sp = innermost.stack + sizeof(__u64);
	walk->interrupted = 0;
}

/* Fills in the user's part of the event. The kernel's frames are in place. */
static __always_inline void walk_user_stack(struct walk *walk, const struct task_struct *task, const struct pt_regs *regs)
{
	struct walk_context context = {.walk = walk};
	struct ff_process_mappings *process;
	struct mm_struct *mm = task->mm;
	__u32 pid = task->tgid;

	/* In the midst of execve: the old program's stack is gone, and the new one's is not there yet. */
	if (!mm || !mm->start_stack) {
		walk->event.stop = FF_STOP_NO_USER_STACK;
		return;
	}
	keep_origin(walk, regs, mm);
	begin_at(walk, regs);
	process = bpf_map_lookup_elem(&process_mappings, &pid);
	if (!process || process->executable_pages != mm->exec_vm || process->stack_start != mm->start_stack) {
		walk->event.stop = FF_STOP_NO_MAPPING;
	} else {
		walk->process = *process;
		find_returns(&walk->returns, task);
		leave_probes_area(walk, task);
		walk->event.stop = FF_STOP_TOO_DEEP;
		bpf_loop(FF_STACK_DEPTH, walk_frame, &context, 0);
	}
	/* Where a table would cure it. */
	if (walk->event.stop == FF_STOP_NO_MAPPING || walk->event.stop == FF_STOP_NO_TABLE) {
		if (!copy_limit())
			walk->event.stop = FF_STOP_NO_ROOM;
		copy_stack(walk, NULL);
		find_returns(&walk->returns, task);
		restore_returns(walk);
	}
}

/* Of a thread that is off the CPU. Only where sleeping is allowed. */
static __always_inline void copy_user_stack_of(struct walk *walk, struct task_struct *task)
{
	keep_origin(walk, (struct pt_regs *)bpf_task_pt_regs(task), task->mm);
	walk->event.system_call = ((struct pt_regs *)bpf_task_pt_regs(task))->orig_ax;
	walk->event.stop = FF_STOP_NO_MAPPING;
	copy_stack(walk, task);
	find_returns(&walk->returns, task);
	restore_returns(walk);
}

#endif
