/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Finds the row of an unwind table that holds for an address, within the address's page. Plain C: compiled for BPF, and
 * natively.
 *
 * Before including this file, define
 *	const struct ff_unwind_row *ff_row_at(__u32 index)
 * which gives the row with that number, counted as in ff_unwind_page.first_row, or NULL where there is none. It may be a
 * macro; where it is used, `page` is the page.
 */
#ifndef FOOTFALL_UNWIND_SEARCH_H
#define FOOTFALL_UNWIND_SEARCH_H

#include "bpf/contract/unwind_table.h"

/*
 * The last row at or below an address of this page, or NULL if the page has none. At most FF_UNWIND_PAGE_SHIFT + 1 rows are
 * looked at. The bounds are never constants after the first step, so that a verifier sees the same state again and again.
 */
static inline __attribute__((always_inline, unused)) const struct ff_unwind_row *
ff_find_row(const struct ff_unwind_page *page, __u64 address)
{
	const __u16 offset = address & (FF_UNWIND_PAGE_BYTES - 1);
	const __u32 first = page->first_row;
	const struct ff_unwind_row *row;
	const struct ff_unwind_row *found;
	__u32 low = 0; /* the row found */
	__u32 high = page->rows;
	__u32 middle;
	__u32 i;

	if (!high)
		return 0;
	found = ff_row_at(first);
	if (!found || found->address > offset)
		return 0;
	for (i = 0; i < FF_UNWIND_PAGE_SHIFT && high - low > 1; i++) {
		middle = low + (high - low) / 2;
		row = ff_row_at(first + middle);
		if (!row)
			return 0;
		if (row->address > offset) {
			high = middle;
			continue;
		}
		found = row;
		low = middle;
	}
	return found;
}

#endif
