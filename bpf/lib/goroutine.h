/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The goroutine that a thread runs, where no register of its points to it. */
#ifndef FOOTFALL_LIB_GOROUTINE_H
#define FOOTFALL_LIB_GOROUTINE_H

#include <bpf/bpf_helpers.h>

/* Before Go 1.17, no register points to the goroutine, but its thread's storage does, at -8 (runtime/asm_amd64.s: get_tls).
 */
static __always_inline __u64 goroutine_of_thread(void)
{
	__u64 goroutine = 0;

	bpf_probe_read_user(&goroutine, sizeof(goroutine), (const void *)(bpf_get_current_task_btf()->thread.fsbase - 8));
	return goroutine;
}

#endif
