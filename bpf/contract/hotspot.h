/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Where a HotSpot virtual machine keeps its code, and how a piece of it says how large its stack frame is: what bpf/unwind/
 * hotspot.h steps by. The agent reads it from the tables that libjvm exports for debuggers (gHotSpotVMStructs and its like,
 * src/hotspot/share/runtime/vmStructs.cpp in OpenJDK), so that no version is built in here.
 *
 * Addresses are the process's, offsets are bytes. x86-64 only.
 */
#ifndef FOOTFALL_CONTRACT_HOTSPOT_H
#define FOOTFALL_CONTRACT_HOTSPOT_H

#include "event.h"

#define FF_HOTSPOT_HEAPS        3   /* of a segmented code cache: not of methods, profiled, not profiled */
#define FF_HOTSPOT_HEADER_BYTES 384 /* of a CodeBlob that are read; an nmethod's take 352 in 17, 344 in 21, 224 in 25 */

/*
 * Each frame in the code cache has an ff_script_frame, in the order of the native frames. Of an interpreted one the function
 * is the Method, the position that of the bytecode (bci), the check made of the ConstMethod's address. Of any other, the
 * function is the CodeBlob, the position is in bytes from there on, the check is the compile id. Function 0: neither was
 * found.
 */
#define FF_HOTSPOT_INTERPRETED (1U << 30)
#define FF_HOTSPOT_EXACT       (1U << 29) /* the position is that of the instruction, not of a return address */
#define FF_HOTSPOT_CHECK_BITS  0x1fffffffU

/* What is reserved for a CodeHeap: cut into segments, of which each has a byte in the map that leads to its block's first.
 */
struct ff_code_heap {
	__u64 start;
	__u64 end; /* not included; start: there is no such heap */
	__u64 segment_map;
};
FF_ASSERT_SIZE(struct ff_code_heap, 24);

/* A number in a CodeBlob. Narrow ones are signed. */
struct ff_blob_field {
	__u16 offset;
	__u16 bytes; /* 2, 4 or 8; 0: this version has no such field */
};
FF_ASSERT_SIZE(struct ff_blob_field, 4);

struct ff_hotspot {
	struct ff_code_heap heaps[FF_HOTSPOT_HEAPS];
	__u64 interpreter_start; /* the template interpreter's code */
	__u64 interpreter_end;
	__u16 segment_shift;                 /* a segment is 2^segment_shift bytes */
	__u16 block_header;                  /* bytes of a HeapBlock in front of its CodeBlob */
	__u16 header_bytes;                  /* of a CodeBlob that have all of these fields */
	__u16 const_method;                  /* Method: its ConstMethod */
	__u16 bytecodes;                     /* ConstMethod: where the bytecodes begin */
	__s16 bcp;                           /* interpreted frame: the address of the bytecode that runs, from rbp on */
	struct ff_blob_field code_begin;     /* 8 bytes: an address; fewer: from the CodeBlob on, as of the deopt handlers */
	struct ff_blob_field frame_size;     /* in words of 8 bytes, with the return address */
	struct ff_blob_field frame_complete; /* how far behind code_begin the frame is there; negative: nobody says */
	struct ff_blob_field size;           /* of the CodeBlob, with its code */
	struct ff_blob_field compile_id;     /* tells one nmethod from all others */
	struct ff_blob_field deopt_handler;  /* to where a frame returns that is to be interpreted from there on */
	struct ff_blob_field deopt_mh_handler;
	struct ff_blob_field original_pc; /* where in its frame such a frame's own return address is, from its sp on */
};
FF_ASSERT_SIZE(struct ff_hotspot, 136);

#endif
