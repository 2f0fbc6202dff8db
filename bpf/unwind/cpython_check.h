/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What tells one code object of CPython from another that took its place in memory: both sides make the same number of it.
 */
#ifndef FOOTFALL_UNWIND_CPYTHON_CHECK_H
#define FOOTFALL_UNWIND_CPYTHON_CHECK_H

#include "bpf/contract/script_frames.h"

#define FF_SCRIPT_INLINE static inline __attribute__((always_inline, unused))

/* Of PyCodeObject, up to its line table: so much has everything that is looked at. */
#define FF_CPYTHON_CODE_BYTES 144

/* Behind the object's references and its type. */
#define FF_CPYTHON_FIRST_CHECKED 2

FF_SCRIPT_INLINE __u64 ff_cpython_code_word(const __u64 *code_words, __u16 offset)
{
	return code_words[(offset >> 3) & 31];
}

FF_SCRIPT_INLINE __u32 ff_cpython_code_int(const __u64 *code_words, __u16 offset)
{
	return ff_cpython_code_word(code_words, offset) >> ((offset & 4) * 8);
}

/*
 * code_words: the object's first FF_CPYTHON_CODE_BYTES, with room for 32 words. name_hash: of its name, where the layout has
 * it.
 *
 * A function that is compiled where another one was freed may lie in the same place with all that belongs to it, so that
 * addresses alone don't tell them apart; with it go what its code is like, and, where code is not numbered, its name.
 */
FF_SCRIPT_INLINE __u32 ff_cpython_check(const __u64 *code_words, __u64 name_hash, const struct ff_cpython *layout)
{
	const __u64 spread = 0x9e3779b97f4a7c15ULL;
	__u64 sum = name_hash;
	__u32 i;

#pragma GCC unroll 16
	for (i = FF_CPYTHON_FIRST_CHECKED; i < FF_CPYTHON_CODE_BYTES / 8; i++) {
		__u64 word = code_words[i];

		if (i >= layout->check_words)
			word = 0;
		if (i == layout->check_half)
			word &= 0xffffffffULL;
		sum = (sum ^ word) * spread;
		sum ^= sum >> 29;
	}
	return (sum ^ (sum >> 32)) & FF_SCRIPT_CHECK_BITS;
}

#endif
