/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the functions probe counts: each function that was picked has a number, which is the cookie of its attachment and
 * its place in the map.
 */
#ifndef FOOTFALL_CONTRACT_FUNCTION_PROBE_H
#define FOOTFALL_CONTRACT_FUNCTION_PROBE_H

#include "event.h"

#define FF_MOST_FUNCTIONS (1 << 18)

/*
 * How long calls took, per CPU: by the highest bit of the nanoseconds and the FF_DURATION_BITS bits below it. What is
 * shorter than the first cell lies in it, what is longer than the last (4.4 minutes) in that.
 */
#define FF_DURATION_BITS    3
#define FF_DURATION_SHIFT   4 /* the first cell: 16 ns */
#define FF_DURATION_HIGHEST 37
#define FF_DURATION_CELLS   ((FF_DURATION_HIGHEST - FF_DURATION_SHIFT + 1) << FF_DURATION_BITS)

struct ff_function_durations {
	__u64 sum_ns;
	__u64 max_ns;
	__u64 cells[FF_DURATION_CELLS];
};
FF_ASSERT_SIZE(struct ff_function_durations, 16 + 8 * 272);

#endif
