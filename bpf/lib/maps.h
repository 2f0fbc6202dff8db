/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps and settings that all probes share. The agent loads them once and hands them to every object. */
#ifndef FOOTFALL_LIB_MAPS_H
#define FOOTFALL_LIB_MAPS_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include "bpf/contract/probe_config.h"

const volatile struct ff_probe_config probe_config;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20); /* the agent sets it */
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FF_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* pid → enum ff_watched */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} watched SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		*value += 1;
}

/* Room for one event, or NULL and the loss is counted. The header is filled in. */
static __always_inline void *reserve_event(__u16 kind, __u64 size)
{
	struct ff_event *event = bpf_ringbuf_reserve(&events, size, 0);

	if (!event) {
		count(FF_DROP_RING_FULL);
		return NULL;
	}
	event->kind = kind;
	event->reserved = 0;
	event->size = size;
	event->time_ns = bpf_ktime_get_ns();
	return event;
}

/* No wake-up: the agent drains by the clock, which costs the watched program a third of what waking it would. */
static __always_inline void submit_event(void *event)
{
	count(FF_COUNT_SUBMITTED);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

#endif
