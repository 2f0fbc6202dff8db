/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Copies a message's bytes from the caller's buffers straight into the ring: its first bytes, and of one that is longer
 * also its last. Records come in a few sizes, since the ring hands out room of constant size only.
 */
#ifndef FOOTFALL_LIB_CAPTURE_H
#define FOOTFALL_LIB_CAPTURE_H

#include "connection.h"
#include "syscall.h"

#define FRONT_MOST 4096 /* bytes of a message's front while heads may be under way … */
#define FRONT_LEAST 256 /* … and while it only streams a body */
#define STREAMING_AFTER 65536 /* bytes in one direction after which it is a body: servers refuse heads of that size */
#define VECTOR_MOST 32
#define VECTOR_AT_ONCE 4 /* of them are read in one go: most vectors are no longer */

/* What one call moved, and where its bytes are. */
struct moved {
	struct connection *connection;
	__u64 position;
	__u32 length;
	__u32 front; /* bytes of the front that are wanted */
	__u32 direction;
	struct user_buffers buffers;
};

static __always_inline __u32 smaller(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static __always_inline void *payload_of(struct ff_message_event *event)
{
	return event + 1;
}

static __always_inline void fill_message(struct ff_message_event *event, const struct moved *moved)
{
	__u64 thread = bpf_get_current_pid_tgid();

	event->connection = moved->connection->id;
	event->position = moved->position;
	event->length = moved->length;
	event->captured = 0;
	event->pid = thread >> 32;
	event->tid = thread;
	event->tail = 0;
	event->direction = moved->direction;
	event->unreadable = 0;
	event->reserved = 0;
}

static __always_inline void finish_message(struct ff_message_event *event, bool readable)
{
	if (!readable) {
		event->unreadable = 1;
		count(FF_COUNT_UNREADABLE);
	}
	event->event.size = sizeof(*event) + event->captured + event->tail;
	submit_event(event);
}

/* A single buffer into a record with room for `room` bytes of front, which is a constant. */
static __always_inline int capture_single(const struct moved *moved, const __u32 room)
{
	struct ff_message_event *event = reserve_event(FF_EVENT_MESSAGE, sizeof(*event) + room + FF_MESSAGE_TAIL);
	__u32 front = moved->front, tail;
	bool readable;

	if (!event)
		return 0;
	fill_message(event, moved);
	if (front > room)
		front = room;
	readable = !bpf_probe_read_user(payload_of(event), front, moved->buffers.single);
	if (readable) {
		event->captured = front;
		tail = smaller(moved->length - front, FF_MESSAGE_TAIL);
		if (tail && tail <= FF_MESSAGE_TAIL &&
		    !bpf_probe_read_user(payload_of(event) + front, tail, moved->buffers.single + moved->length - tail))
			event->tail = tail;
	}
	finish_message(event, readable);
	return 0;
}

/* The last bytes of a message lie in its last buffer, and if that one is short, also in the one before it. */
struct last_buffers {
	const void *last, *before;
	__u32 last_length, before_length;
};

static __always_inline __u32 copy_tail(void *to, const struct last_buffers *ends, __u32 most)
{
	__u32 last = smaller(ends->last_length, FF_MESSAGE_TAIL), before;

	last = smaller(last, most);
	before = smaller(ends->before_length, FF_MESSAGE_TAIL - last);
	before = smaller(before, most - last);
	if (before > FF_MESSAGE_TAIL || last > FF_MESSAGE_TAIL)
		return 0;
	if (before && bpf_probe_read_user(to, before, ends->before + ends->before_length - before))
		return 0;
	if (last && bpf_probe_read_user(to + before, last, ends->last + ends->last_length - last))
		return 0;
	return before + last;
}

/* The walk over a vector of buffers. */
struct gather {
	struct iovec parts[VECTOR_AT_ONCE];
	struct ff_message_event *event;
	const struct iovec *vector;
	__u32 vector_length;
	__u32 length;   /* of the message */
	__u32 front;    /* bytes of it that are wanted */
	__u32 copied;   /* … that are copied */
	__u32 seen;     /* bytes of the message in the buffers so far */
	__u32 unreadable;
	struct last_buffers ends;
};

enum { GATHER_ON = 0, GATHER_DONE = 1 }; /* what bpf_loop wants to hear */

/* Takes the next buffer. room is a constant: half of what the record has, so that any part after any offset fits. */
static __always_inline long gather_part(__u32 index, struct gather *gather, const __u32 room)
{
	__u32 length, wanted, copied = gather->copied;
	struct iovec part;

	if (index >= gather->vector_length || gather->seen >= gather->length)
		return GATHER_DONE;
	if (index < VECTOR_AT_ONCE) {
		part = gather->parts[index];
	} else if (bpf_probe_read_user(&part, sizeof(part), &gather->vector[index])) {
		gather->unreadable = 1;
		return GATHER_DONE;
	}
	length = smaller(part.iov_len, gather->length - gather->seen);
	if (!length)
		return GATHER_ON;
	gather->seen += length;
	gather->ends.before = gather->ends.last;
	gather->ends.before_length = gather->ends.last_length;
	gather->ends.last = part.iov_base;
	gather->ends.last_length = length;
	wanted = smaller(length, gather->front - copied);
	barrier_var(wanted); /* the bound below must be checked on the very register that is used */
	barrier_var(copied);
	if (!wanted || wanted > room || copied > room)
		return GATHER_ON;
	if (bpf_probe_read_user(payload_of(gather->event) + copied, wanted, part.iov_base)) {
		gather->unreadable = 1;
		return GATHER_DONE;
	}
	gather->copied = copied + wanted;
	return GATHER_ON;
}

#define ROOM_512 392
#define ROOM_4K FRONT_MOST

static long gather_part_512(__u32 index, void *gather)
{
	return gather_part(index, gather, ROOM_512);
}

static long gather_part_4k(__u32 index, void *gather)
{
	return gather_part(index, gather, ROOM_4K);
}

static __always_inline int capture_vector(const struct moved *moved, const __u32 room, long (*take_part)(__u32, void *))
{
	struct gather gather = {
		.event = reserve_event(FF_EVENT_MESSAGE, sizeof(*gather.event) + 2 * room + 2 * FF_MESSAGE_TAIL),
		.vector = moved->buffers.vector,
		.vector_length = moved->buffers.vector_length,
		.length = moved->length,
		.front = moved->front,
	};
	__u32 copied;

	if (!gather.event)
		return 0;
	fill_message(gather.event, moved);
	if (bpf_probe_read_user(gather.parts, sizeof(struct iovec) * smaller(gather.vector_length, VECTOR_AT_ONCE), gather.vector))
		gather.unreadable = 1;
	else
		bpf_loop(VECTOR_MOST, take_part, &gather, 0);
	copied = gather.copied;
	if (copied > room)
		copied = room;
	gather.event->captured = copied;
	if (!gather.unreadable && gather.seen == moved->length && copied < moved->length)
		gather.event->tail = copy_tail(payload_of(gather.event) + copied, &gather.ends, moved->length - copied);
	finish_message(gather.event, !gather.unreadable);
	return 0;
}

/* No bytes at hand: moved inside of the kernel, or by io_uring. */
static __noinline int capture_nothing(const struct moved *moved)
{
	struct ff_message_event *event = reserve_event(FF_EVENT_MESSAGE, sizeof(*event));

	if (!event)
		return 0;
	fill_message(event, moved);
	finish_message(event, true);
	return 0;
}

static __noinline int capture_single_128(const struct moved *moved)
{
	return capture_single(moved, 136);
}

static __noinline int capture_single_512(const struct moved *moved)
{
	return capture_single(moved, ROOM_512);
}

static __noinline int capture_single_1k(const struct moved *moved)
{
	return capture_single(moved, 904);
}

static __noinline int capture_single_4k(const struct moved *moved)
{
	return capture_single(moved, ROOM_4K);
}

static __noinline int capture_vector_512(const struct moved *moved)
{
	return capture_vector(moved, ROOM_512, gather_part_512);
}

static __noinline int capture_vector_4k(const struct moved *moved)
{
	return capture_vector(moved, ROOM_4K, gather_part_4k);
}

static __always_inline void capture(const struct moved *moved)
{
	if (moved->buffers.vector) {
		if (moved->front <= ROOM_512)
			capture_vector_512(moved);
		else
			capture_vector_4k(moved);
	} else if (moved->buffers.single) {
		if (moved->front <= 136)
			capture_single_128(moved);
		else if (moved->front <= ROOM_512)
			capture_single_512(moved);
		else if (moved->front <= 904)
			capture_single_1k(moved);
		else
			capture_single_4k(moved);
	} else {
		capture_nothing(moved);
	}
}

/* The first bytes of a message, for the detectors; twice the room for the same reason as above. */
struct front {
	__u8 bytes[2 * FF_DETECT_LENGTH];
};

/* Returns how many bytes there are. A global function: the verifier looks at it once, whoever calls. */
__noinline int peek_front(struct front *front, const struct user_buffers *buffers, __u32 length)
{
	__u32 wanted = smaller(length, FF_DETECT_LENGTH), copied = 0, i;

	if (!front || !buffers)
		return 0;
	if (buffers->single)
		return bpf_probe_read_user(front->bytes, wanted, buffers->single) ? 0 : wanted;
	if (!buffers->vector)
		return 0;
	for (i = 0; i < 4; i++) {
		struct iovec part;
		__u32 take;

		if (i >= buffers->vector_length || copied >= wanted ||
		    bpf_probe_read_user(&part, sizeof(part), &buffers->vector[i]))
			break;
		take = smaller(part.iov_len, wanted - copied);
		barrier_var(take);
		barrier_var(copied);
		if (take > FF_DETECT_LENGTH || copied > FF_DETECT_LENGTH)
			break;
		if (take && bpf_probe_read_user(front->bytes + copied, take, part.iov_base))
			break;
		copied += take;
	}
	return smaller(copied, wanted);
}

#endif
