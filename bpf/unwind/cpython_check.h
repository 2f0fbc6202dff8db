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

FF_SCRIPT_INLINE __u64 ff_cpython_code_word(const __u64 *code_words, __u16 offset)
{
	return code_words[(offset >> 3) & 31];
}

FF_SCRIPT_INLINE __u32 ff_cpython_code_int(const __u64 *code_words, __u16 offset)
{
	return ff_cpython_code_word(code_words, offset) >> ((offset & 4) * 8);
}

/*
 * code_words: the object's first FF_CPYTHON_CODE_BYTES, with room for 32 words. Its name, file and line table are objects of
 * their own, so that their addresses differ where any of these do.
 */
FF_SCRIPT_INLINE __u32 ff_cpython_check(const __u64 *code_words, const struct ff_cpython *layout)
{
	const __u64 spread = 0x9e3779b97f4a7c15ULL;
	__u64 sum = ff_cpython_code_int(code_words, layout->code_first_line);

	sum = sum * spread + ff_cpython_code_int(code_words, layout->code_argcount);
	sum = sum * spread + ff_cpython_code_int(code_words, layout->code_flags);
	sum = sum * spread + ff_cpython_code_word(code_words, layout->code_file);
	sum = sum * spread + ff_cpython_code_word(code_words, layout->code_name);
	sum = sum * spread + ff_cpython_code_word(code_words, layout->code_lines);
	return (sum ^ (sum >> 32)) & FF_SCRIPT_CHECK_BITS;
}

#endif
