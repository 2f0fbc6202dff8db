/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * One step of a walk over a user stack out of code that a HotSpot virtual machine made: compiled methods, its interpreter,
 * and stubs. None of it keeps frame pointers or has tables; but the code cache says for each piece of code how large its
 * frame is, and the interpreter's frames hang on rbp. Plain C: compiled for BPF, and natively. x86-64 only.
 *
 * Frames are laid out as src/hotspot/cpu/x86/frame_x86.hpp says; where code is, as src/hotspot/share/memory/heap.hpp does.
 *
 * Before including this file, include bpf/unwind/step.h and define
 *	int ff_read_code(void *to, __u32 size, __u64 address)
 *	int ff_is_native(__u64 address)
 * of which the first copies memory that is not the stack's, as ff_read_user() does the stack's, of which 8 or 16 bytes are
 * read at a time, and the second tells whether an address lies in code that a file is mapped for. They may be macros, too;
 * where they are used, `frame` is the frame that is being left.
 */
#ifndef FOOTFALL_UNWIND_HOTSPOT_H
#define FOOTFALL_UNWIND_HOTSPOT_H

#include "bpf/contract/hotspot.h"
#include "bpf/contract/script_frames.h"
#include "bpf/unwind/step.h"

#define FF_SEGMENT_HOPS     16   /* a map's byte leads 254 segments back at most */
#define FF_SEGMENT_WINDOW   256  /* of the map, read at once */
#define FF_SEGMENT_FREE     0xff /* no block is there */
#define FF_NO_SEGMENT       (~0ULL)
#define FF_CODE_BEFORE      8 /* bytes in front of an instruction, and from it on, that tell how far a frame is built */
#define FF_CODE_BYTES       24
#define FF_GUESSED_SLOTS    8
#define FF_INTERPRETED_CODE 65536 /* bytes of bytecode that a method has at most */

/* Slots of an interpreted frame, from rbp on. */
#define FF_INTERPRETED_METHOD    (-24)
#define FF_INTERPRETED_SENDER_SP (-8)

/* What a step reads into. */
struct ff_hotspot_scratch {
	__u64 header[FF_HOTSPOT_HEADER_BYTES / 8];
	__u8 segments[FF_SEGMENT_WINDOW];
	__u8 code[FF_CODE_BYTES];
};

/* A step in progress. */
struct ff_hotspot_walk {
	struct ff_hotspot vm;
	struct ff_hotspot_scratch scratch;
	struct ff_script_frame found; /* of the frame that is left */
	__u32 guessed;                /* its caller was guessed */
	__u32 reserved;
};

FF_UNWIND_INLINE int ff_in_heap(const struct ff_code_heap *heap, __u64 address)
{
	return address >= heap->start && address < heap->end;
}

FF_UNWIND_INLINE int ff_in_code_cache(const struct ff_hotspot *vm, __u64 address)
{
	return ff_in_heap(&vm->heaps[0], address) || ff_in_heap(&vm->heaps[1], address) ||
	       ff_in_heap(&vm->heaps[2], address);
}

FF_UNWIND_INLINE __s64 ff_blob_number(const struct ff_hotspot_scratch *scratch, struct ff_blob_field field)
{
	const __u32 word = field.offset / 8;
	__u64 value;

	if (word >= FF_HOTSPOT_HEADER_BYTES / 8)
		return 0;
	value = scratch->header[word] >> (field.offset & 7) * 8;
	switch (field.bytes) {
	case 2:
		return (__s16)value;
	case 4:
		return (__s32)value;
	case 8:
		return (__s64)value;
	}
	return 0;
}

/* A place in the code: some versions keep its address, others its distance from the CodeBlob. 0: there is none. */
FF_UNWIND_INLINE __u64 ff_blob_place(const struct ff_hotspot_scratch *scratch, struct ff_blob_field field, __u64 blob)
{
	const __s64 value = ff_blob_number(scratch, field);

	if (!field.bytes || value <= 0)
		return 0;
	return field.bytes == 8 ? (__u64)value : blob + value;
}

/* The segment that a block begins with; or a number that no segment has. */
FF_UNWIND_INLINE __u64 ff_first_segment(const struct ff_frame *frame, struct ff_hotspot_scratch *scratch,
                                        const struct ff_code_heap *heap, __u64 segment)
{
	__u64 base = segment; /* the segment of the window's first byte; that nothing was read yet, shows in `known` */
	__u32 known = 0;
	__u32 i;

	for (i = 0; i < FF_SEGMENT_HOPS; i++) {
		__u8 hop;

		if (!known || segment < base) {
			base = segment < FF_SEGMENT_WINDOW ? 0 : segment - (FF_SEGMENT_WINDOW - 1);
			if (ff_read_code(scratch->segments, FF_SEGMENT_WINDOW, heap->segment_map + base))
				return FF_NO_SEGMENT;
			known = 1;
		}
		hop = scratch->segments[(segment - base) & (FF_SEGMENT_WINDOW - 1)];
		if (!hop)
			return segment;
		if (hop == FF_SEGMENT_FREE || hop > segment)
			return FF_NO_SEGMENT;
		segment -= hop;
	}
	return FF_NO_SEGMENT;
}

/* Reads the header of the CodeBlob that an address lies in. Its address; 0: none can be found. */
FF_UNWIND_INLINE __u64 ff_find_blob(const struct ff_frame *frame, struct ff_hotspot_walk *walk, __u64 address)
{
	const struct ff_hotspot *vm = &walk->vm;
	const struct ff_code_heap *heap = &vm->heaps[0];
	__u32 bytes = vm->header_bytes;
	__u64 segment, blob;

	if (!ff_in_heap(heap, address))
		heap = ff_in_heap(&vm->heaps[1], address) ? &vm->heaps[1] : &vm->heaps[2];
	segment = ff_first_segment(frame, &walk->scratch, heap, (address - heap->start) >> (vm->segment_shift & 31));
	if (segment == FF_NO_SEGMENT)
		return 0;
	blob = heap->start + (segment << (vm->segment_shift & 31)) + vm->block_header;
	if (bytes > FF_HOTSPOT_HEADER_BYTES)
		bytes = FF_HOTSPOT_HEADER_BYTES;
	if (ff_read_code(walk->scratch.header, bytes, blob))
		return 0;
	if (address < blob || address - blob >= (__u64)ff_blob_number(&walk->scratch, vm->size))
		return 0;
	return blob;
}

/* Leaves a frame whose return address is at that place. rbp: where the caller's was saved; 0: it is still in rbp. */
FF_UNWIND_INLINE int ff_leave_code(struct ff_frame *frame, __u64 return_at, __u64 rbp_at)
{
	__u64 saved[2];

	if (return_at < frame->sp || return_at - frame->sp > FF_FRAME_POINTER_REACH)
		return FF_STOP_NOT_PROGRESSING;
	if (rbp_at && rbp_at == return_at - 8) {
		if (ff_read_user(saved, 16, rbp_at))
			return FF_STOP_UNREADABLE_STACK;
		frame->bp = saved[0];
		frame->ip = saved[1];
	} else {
		if (ff_read_user(saved, 8, return_at))
			return FF_STOP_UNREADABLE_STACK;
		frame->ip = saved[0];
	}
	frame->bx_at = FF_BX_LOST;
	frame->sp = return_at + 8;
	return FF_STEP_ON;
}

/* Whether a word of the stack is an address in the code cache. */
FF_UNWIND_INLINE int ff_returns_to_code(const struct ff_frame *frame, const struct ff_hotspot *vm, __u64 slot)
{
	__u64 address;

	return !ff_read_user(&address, 8, slot) && ff_in_code_cache(vm, address);
}

/* Whether it is one in any code. */
FF_UNWIND_INLINE int ff_returns_to_any_code(const struct ff_frame *frame, const struct ff_hotspot *vm, __u64 slot)
{
	__u64 address;

	return !ff_read_user(&address, 8, slot) && (ff_in_code_cache(vm, address) || ff_is_native(address));
}

enum ff_frame_state {
	FF_FRAME_WHOLE = 0,
	FF_FRAME_RETURN_ON_TOP,   /* nothing is pushed yet, or all is popped again */
	FF_FRAME_RBP_ON_TOP,      /* the caller's rbp is pushed, or not popped yet, and nothing else is left */
	FF_FRAME_RBP_IN_REGISTER, /* it has its size, but rbp is not stored yet */
};

#define FF_BYTES_2(at) ((__u32)code[at] | (__u32)code[(at) + 1] << 8)
#define FF_BYTES_3(at) (FF_BYTES_2(at) | (__u32)code[(at) + 2] << 16)
#define FF_BYTES_4(at) (FF_BYTES_3(at) | (__u32)code[(at) + 3] << 24)

#define FF_CODE_PUSH_RBP      0x55
#define FF_CODE_POP_RBP       0x5d
#define FF_CODE_RET           0xc3
#define FF_CODE_SUB_RSP_32    0xec8148   /* sub $imm32,%rsp */
#define FF_CODE_SUB_RSP_8     0xec8348   /* sub $imm8,%rsp */
#define FF_CODE_MOV_RSP_RBP   0xec8b48   /* mov %rsp,%rbp, as HotSpot's assembler writes it */
#define FF_CODE_STORE_RBP_8   0x246c8948 /* mov %rbp,imm8(%rsp) */
#define FF_CODE_STORE_RBP_32  0x24ac8948 /* mov %rbp,imm32(%rsp) */
#define FF_CODE_CMP_POLL      0xa73b49   /* cmp disp32(%r15),%rsp: the safepoint poll in front of a ret */
#define FF_CODE_CMP_POLL_8    0x673b49   /* cmp disp8(%r15),%rsp */
#define FF_CODE_LOAD_POLL     0x978b4d   /* mov disp32(%r15),%r10: the poll of versions before 16 */
#define FF_CODE_TEST_POLL     0x028541   /* test %eax,(%r10) */
#define FF_CODE_JUMP_IF_ABOVE 0x870f     /* ja: to where a poll that fires goes on */

/* How far the frame is built, or taken apart, by the instructions around; in front: before it is complete. */
FF_UNWIND_INLINE enum ff_frame_state ff_frame_state_of(const __u8 *code, int in_front)
{
	const __u8 *here = code + FF_CODE_BEFORE;

	if (here[0] == FF_CODE_RET)
		return FF_FRAME_RETURN_ON_TOP;
	if (here[0] == FF_CODE_POP_RBP)
		return FF_FRAME_RBP_ON_TOP;
	if (FF_BYTES_3(FF_CODE_BEFORE) == FF_CODE_CMP_POLL || FF_BYTES_3(FF_CODE_BEFORE) == FF_CODE_CMP_POLL_8)
		return FF_FRAME_RETURN_ON_TOP;
	if (FF_BYTES_2(FF_CODE_BEFORE) == FF_CODE_JUMP_IF_ABOVE && here[6] == FF_CODE_RET)
		return FF_FRAME_RETURN_ON_TOP;
	if (here[-1] == FF_CODE_POP_RBP && FF_BYTES_3(FF_CODE_BEFORE) == FF_CODE_LOAD_POLL)
		return FF_FRAME_RETURN_ON_TOP;
	if (FF_BYTES_3(FF_CODE_BEFORE) == FF_CODE_TEST_POLL && here[3] == FF_CODE_RET)
		return FF_FRAME_RETURN_ON_TOP;
	if (!in_front)
		return FF_FRAME_WHOLE;
	if (FF_BYTES_4(FF_CODE_BEFORE) == FF_CODE_STORE_RBP_8 || FF_BYTES_4(FF_CODE_BEFORE) == FF_CODE_STORE_RBP_32)
		return FF_FRAME_RBP_IN_REGISTER;
	if (here[-1] == FF_CODE_PUSH_RBP ||
	    (FF_BYTES_3(FF_CODE_BEFORE - 3) == FF_CODE_MOV_RSP_RBP && here[-4] == FF_CODE_PUSH_RBP))
		return FF_FRAME_RBP_ON_TOP;
	if (FF_BYTES_3(FF_CODE_BEFORE - 7) == FF_CODE_SUB_RSP_32 || FF_BYTES_3(FF_CODE_BEFORE - 4) == FF_CODE_SUB_RSP_8)
		return FF_FRAME_WHOLE;
	return FF_FRAME_RETURN_ON_TOP;
}

/* Code that says nothing of its frame: the caller is where one of the words on top of the stack leads. */
FF_UNWIND_INLINE int ff_guess_caller(struct ff_frame *frame, struct ff_hotspot_walk *walk)
{
	__u32 i;

	walk->guessed = 1;
	for (i = 0; i < FF_GUESSED_SLOTS; i++) {
		if (ff_returns_to_code(frame, &walk->vm, frame->sp + 8 * i))
			return ff_leave_code(frame, frame->sp + 8 * i, 0);
	}
	return FF_STOP_NO_RULE;
}

FF_UNWIND_INLINE int ff_may_be_frame_pointer(const struct ff_frame *frame)
{
	return !(frame->bp & 7) && frame->bp >= frame->sp && frame->bp - frame->sp < FF_FRAME_POINTER_REACH;
}

/* The barrier that methods call at their entry has a word of ones between rbp and its return address. */
FF_UNWIND_INLINE int ff_has_cookie(const struct ff_frame *frame)
{
	__u64 above;

	return !ff_read_user(&above, 8, frame->bp + 8) && above == ~0ULL;
}

FF_UNWIND_INLINE int ff_leave_by_rbp(struct ff_frame *frame)
{
	const __u64 bp = frame->bp;
	int stop;

	if (!ff_may_be_frame_pointer(frame) || !ff_has_cookie(frame))
		return ff_frame_pointer_step(frame);
	stop = ff_leave_code(frame, bp + 16, 0);
	if (stop == FF_STEP_ON && ff_read_user(&frame->bp, 8, bp))
		stop = FF_STOP_UNREADABLE_STACK;
	return stop;
}

/*
 * A stub: most keep rbp as their frame pointer, from their second instruction on; some have no frame, and leave their
 * caller's in rbp. Some are called by native code.
 */
FF_UNWIND_INLINE int ff_leave_stub(struct ff_frame *frame, struct ff_hotspot_walk *walk, __u32 is_exact)
{
	const __u8 *here = walk->scratch.code + FF_CODE_BEFORE;

	if (!is_exact)
		return ff_leave_by_rbp(frame);
	if (ff_read_code(walk->scratch.code, FF_CODE_BYTES, frame->ip - FF_CODE_BEFORE))
		return FF_STOP_NO_RULE;
	if (here[-1] == FF_CODE_PUSH_RBP || here[0] == FF_CODE_POP_RBP)
		return ff_leave_code(frame, frame->sp + 8, frame->sp);
	if (here[0] == FF_CODE_PUSH_RBP || here[0] == FF_CODE_RET || ff_returns_to_any_code(frame, &walk->vm, frame->sp))
		return ff_leave_code(frame, frame->sp, 0);
	if (ff_may_be_frame_pointer(frame) &&
	    ff_returns_to_any_code(frame, &walk->vm, frame->bp + (ff_has_cookie(frame) ? 16 : 8)))
		return ff_leave_by_rbp(frame);
	return ff_guess_caller(frame, walk);
}

/* How far a compiled method, whose frame has its size, has built it. Only where it was interrupted, that is in question. */
FF_UNWIND_INLINE enum ff_frame_state ff_state_of_blob(const struct ff_frame *frame, struct ff_hotspot_walk *walk, __u64 blob,
                                                      __u64 end)
{
	const __s64 complete = ff_blob_number(&walk->scratch, walk->vm.frame_complete);
	const __u64 offset = frame->ip - ff_blob_place(&walk->scratch, walk->vm.code_begin, blob);
	enum ff_frame_state state;

	if (ff_read_code(walk->scratch.code, FF_CODE_BYTES, frame->ip - FF_CODE_BEFORE))
		return FF_FRAME_WHOLE;
	state = ff_frame_state_of(walk->scratch.code, complete > 0 && offset < (__u64)complete);
	/* Barriers come behind the last instruction that builds the frame, and in front of where it is said to be complete.
	 */
	if (state == FF_FRAME_RETURN_ON_TOP && !ff_returns_to_code(frame, &walk->vm, frame->sp) &&
	    ff_returns_to_code(frame, &walk->vm, end - 8))
		return FF_FRAME_WHOLE;
	return state;
}

/* A compiled method, or a stub of which the size of its frame is known. */
FF_UNWIND_INLINE int ff_leave_blob(struct ff_frame *frame, struct ff_hotspot_walk *walk, __u64 blob, __u32 is_exact)
{
	const __s64 words = ff_blob_number(&walk->scratch, walk->vm.frame_size);
	const __u64 end = frame->sp + 8 * words;
	const enum ff_frame_state state = is_exact ? ff_state_of_blob(frame, walk, blob, end) : FF_FRAME_WHOLE;

	if (state == FF_FRAME_RETURN_ON_TOP)
		return ff_leave_code(frame, frame->sp, 0);
	if (state == FF_FRAME_RBP_ON_TOP)
		return ff_leave_code(frame, frame->sp + 8, frame->sp);
	if (is_exact && !ff_returns_to_code(frame, &walk->vm, end - 8))
		return ff_guess_caller(frame, walk);
	return ff_leave_code(frame, end - 8, state == FF_FRAME_RBP_IN_REGISTER || words < 2 ? 0 : end - 16);
}

/* Where the thread would go on in this frame, were it not for an address that has it interpreted from there on. */
FF_UNWIND_INLINE __u64 ff_original_pc(const struct ff_frame *frame, const struct ff_hotspot_walk *walk, __u64 blob)
{
	const struct ff_hotspot *vm = &walk->vm;
	const struct ff_hotspot_scratch *scratch = &walk->scratch;
	__u64 original;

	if (frame->ip != ff_blob_place(scratch, vm->deopt_handler, blob) &&
	    frame->ip != ff_blob_place(scratch, vm->deopt_mh_handler, blob))
		return frame->ip;
	if (ff_read_user(&original, 8, frame->sp + ff_blob_number(scratch, vm->original_pc)))
		return frame->ip;
	return original - blob < (__u64)ff_blob_number(scratch, vm->size) ? original : frame->ip;
}

FF_UNWIND_INLINE int ff_in_interpreter(const struct ff_hotspot *vm, __u64 address)
{
	return address >= vm->interpreter_start && address < vm->interpreter_end;
}

/*
 * A method that compiled code calls, before it has its frame or after, and rbp may lead to any frame further out. A method's
 * own values look like addresses of the interpreter's code at most.
 */
FF_UNWIND_INLINE int ff_is_unframed(const struct ff_frame *frame, const struct ff_hotspot *vm)
{
	__u64 top;

	return !ff_read_user(&top, 8, frame->sp) && ff_in_code_cache(vm, top) && !ff_in_interpreter(vm, top);
}

/* Fills in walk->found from an interpreted frame. Not 0: rbp does not lead to one. */
FF_UNWIND_INLINE int ff_find_interpreted(const struct ff_frame *frame, struct ff_hotspot_walk *walk, __u64 leaf_bcp)
{
	const struct ff_hotspot *vm = &walk->vm;
	__u64 bcp, method, constants, bytecodes;

	/* While it is being built, its lower slots are still those of others. */
	if (!ff_may_be_frame_pointer(frame) || frame->sp > frame->bp + vm->bcp)
		return -1;
	if (ff_read_user(&bcp, 8, frame->bp + vm->bcp) || ff_read_user(&method, 8, frame->bp + FF_INTERPRETED_METHOD))
		return -1;
	if (!method || method & 7 || ff_read_code(&constants, 8, method + vm->const_method))
		return -1;
	bytecodes = constants + vm->bytecodes;
	if (leaf_bcp - bytecodes < FF_INTERPRETED_CODE)
		bcp = leaf_bcp;
	walk->found.function = method;
	walk->found.position = bcp - bytecodes < FF_INTERPRETED_CODE ? bcp - bytecodes : 0;
	walk->found.check |= FF_HOTSPOT_INTERPRETED | ((constants >> 3) & FF_HOTSPOT_CHECK_BITS);
	return 0;
}

/* Its caller's frame ends where that one's own stack did, below which a call from compiled code laid the arguments. */
FF_UNWIND_INLINE int ff_leave_interpreted(struct ff_frame *frame)
{
	const __u64 bp = frame->bp;
	__u64 sender[2];
	int stop;

	if (ff_read_user(sender, 16, bp + FF_INTERPRETED_SENDER_SP))
		return FF_STOP_UNREADABLE_STACK;
	stop = ff_leave_code(frame, bp + 8, 0);
	if (stop != FF_STEP_ON)
		return stop;
	frame->bp = sender[1];
	if (sender[0] > frame->sp && sender[0] - frame->sp < FF_FRAME_POINTER_REACH)
		frame->sp = sender[0];
	return FF_STEP_ON;
}

/* A frame that is being built, or is gone again. */
FF_UNWIND_INLINE int ff_leave_half_interpreted(struct ff_frame *frame, struct ff_hotspot_walk *walk)
{
	const __u64 bp = frame->bp;

	if (!ff_may_be_frame_pointer(frame) || !ff_returns_to_code(frame, &walk->vm, bp + 8))
		return ff_guess_caller(frame, walk);
	return frame->sp < bp ? ff_leave_interpreted(frame) : ff_leave_code(frame, bp + 8, bp);
}

/*
 * Replaces a frame whose ip lies in the code cache by its caller's, and says in walk->found which code it ran. Returns
 * FF_STEP_ON, or why the walk ends (enum ff_stop). is_exact: its ip is where it was interrupted, no return address;
 * leaf_bcp: r13 of the innermost frame, else 0.
 */
FF_UNWIND_INLINE int ff_hotspot_step(struct ff_frame *frame, struct ff_hotspot_walk *walk, __u32 is_exact, __u64 leaf_bcp)
{
	const struct ff_hotspot *vm = &walk->vm;
	__u64 blob;

	walk->guessed = 0;
	walk->found.function = 0;
	walk->found.position = 0;
	walk->found.check = FF_SCRIPT_ENTRY;
	if (ff_in_interpreter(vm, frame->ip)) {
		if (is_exact && ff_is_unframed(frame, vm))
			return ff_leave_code(frame, frame->sp, 0);
		if (!ff_find_interpreted(frame, walk, leaf_bcp))
			return ff_leave_interpreted(frame);
		return is_exact ? ff_leave_half_interpreted(frame, walk) : FF_STOP_NO_RULE;
	}
	blob = ff_find_blob(frame, walk, frame->ip - !is_exact);
	if (!blob)
		return ff_leave_stub(frame, walk, is_exact);
	walk->found.function = blob;
	walk->found.position = ff_original_pc(frame, walk, blob) - blob;
	walk->found.check |= (__u32)ff_blob_number(&walk->scratch, vm->compile_id) & FF_HOTSPOT_CHECK_BITS;
	if (is_exact)
		walk->found.check |= FF_HOTSPOT_EXACT;
	if (ff_blob_number(&walk->scratch, vm->frame_size) <= 0)
		return ff_leave_stub(frame, walk, is_exact);
	return ff_leave_blob(frame, walk, blob, is_exact);
}

#endif
