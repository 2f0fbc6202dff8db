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

/* Bits by pid (probe_config.h); the agent maps it into its memory. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FF_WATCHED_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} watched SEC(".maps");

static __always_inline __u64 *watched_word(__u32 pid)
{
	__u32 word = pid / FF_WATCHED_WORD_BITS;

	return bpf_map_lookup_elem(&watched, &word);
}

static __always_inline __u64 watched_bit(__u32 pid)
{
	return 1ULL << (pid % FF_WATCHED_WORD_BITS);
}

static __always_inline bool is_in_watched(__u32 pid)
{
	__u64 *word = watched_word(pid);

	return word && *word & watched_bit(pid);
}

static __always_inline void set_watched(__u32 pid, bool on)
{
	__u64 *word = watched_word(pid);

	if (word && on)
		__sync_fetch_and_or(word, watched_bit(pid));
	else if (word)
		__sync_fetch_and_and(word, ~watched_bit(pid));
}

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		__sync_fetch_and_add(value, 1); /* a softirq may count in the middle of it */
}

/* How full the ring is, in sixteenths. */
static __always_inline __u64 ring_fill(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) * 16 / bpf_ringbuf_query(&events, BPF_RB_RING_SIZE);
}

/*
 * Fills in the header of an event that was just reserved, or counts its loss if there was no room. The one check for NULL
 * has to stand right behind bpf_ringbuf_reserve(): older verifiers (6.1) forget it when a copy of the pointer is checked
 * again, so this answers whether there is an event.
 */
static __always_inline bool begin_event(struct ff_event *event, __u16 kind, __u64 size)
{
	if (!event) {
		count(FF_DROP_RING_FULL);
		return false;
	}
	event->kind = kind;
	event->reserved = 0;
	event->size = size;
	event->time_ns = bpf_ktime_get_ns();
	return true;
}

/* No wake-up: the agent drains by the clock, which costs the watched program a third of what waking it would. */
static __always_inline void submit_event(void *event)
{
	count(FF_COUNT_SUBMITTED);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

#endif
