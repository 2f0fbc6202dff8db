// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Fills the event ring as fast as a probe could: `burst` records of the size of a small message, without a wake-up. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include "bpf/contract/socket_events.h"
#include "bpf/lib/maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define RECORD_BYTES 64
#define BURST        4096

__u64 nanoseconds; /* that the last burst took */

SEC("syscall")
int flood(void *context)
{
	__u64 start = bpf_ktime_get_ns();
	__u32 i;

	for (i = 0; i < BURST; i++) {
		struct ff_event *event = bpf_ringbuf_reserve(&events, RECORD_BYTES, 0);

		if (!begin_event(event, FF_EVENT_FORK, RECORD_BYTES))
			break;
		submit_event(event);
	}
	nanoseconds = bpf_ktime_get_ns() - start;
	return i;
}
