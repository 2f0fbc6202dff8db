/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Copies a message's bytes from the caller's buffers straight into the ring: its first bytes, and of one that is longer
 * also its last. Records come in a few sizes, since the ring hands out room of constant size only.
 */
#ifndef FOOTFALL_LIB_CAPTURE_H
#define FOOTFALL_LIB_CAPTURE_H

#include "connection.h"
#include "syscall.h"
#include "thread_calls.h"
#include "thread_times.h"

#define REQUESTS_MOST \
	65536 /* bytes of the front of a message that begins with a request: more may be pipelined behind it … */
#define HEAD_MOST       16384     /* … with the head of a response, or while a head may be under way … */
#define FRONT_LEAST     256       /* … and while it only streams a body */
#define STREAMING_AFTER 65536     /* bytes in one direction after which it is a body: servers refuse heads of that size */
#define FRAMES_AFTER    (1 << 22) /* … where others begin in the midst of a message: as much as rings hold */
/* Bytes of front that the record sizes have room for. */
#define ROOM_256 136
#define ROOM_512 392
#define ROOM_1K  904
#define ROOM_4K  4096
#define ROOM_16K HEAD_MOST
#define ROOM_64K REQUESTS_MOST

#define VECTOR_MOST    1024 /* as many as the kernel takes: Netty sends dozens of answers at once, two buffers each */
#define VECTOR_AT_ONCE 2    /* of them are read in one go: most vectors are no longer */

/* What one call moved on a socket, as its hook found it; position and front are settled on the way to the ring. */
struct moved {
	struct user_buffers buffers;
	__u64 thread;   /* pid above, tid below */
	__u64 position; /* of the first byte in its stream */
	__u64 time_ns;  /* 0: now */
	__u32 length;
	__u32 direction; /* enum ff_direction */
	__u32 sequence;  /* TCP: where the stream stands after it */
	__u32 behind;    /* bytes that the same call moved after it, which TCP counts already */
	__u32 front;     /* bytes of the front that are wanted */
	__u32 reserved;
};

static __always_inline __u32 smaller(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/*
 * No more than `most`, in a way that every verifier follows: compared as 64 bits, in the very register that is used, and
 * hidden from a compiler that would prove the comparison needless or do it on a copy.
 */
#define BOUNDED(value, most)                    \
	({                                      \
		__u64 bounded_value = (value);  \
		barrier_var(bounded_value);     \
		if (bounded_value > (most))     \
			bounded_value = (most); \
		bounded_value;                  \
	})

static __always_inline void *payload_of(struct ff_message_event *event)
{
	return event + 1;
}

static __always_inline void fill_message(struct ff_message_event *event, const struct connection *connection,
                                         const struct moved *moved)
{
	event->thread.cpu_ns = 0;
	if (probe_config.thread_times && moved->thread)
		read_thread_times(&event->thread, event->event.time_ns);
	if (moved->time_ns)
		event->event.time_ns = moved->time_ns;
	event->connection = connection->id;
	event->position = moved->position;
	event->length = moved->length;
	event->captured = 0;
	event->pid = moved->thread >> 32;
	event->tid = moved->thread;
	event->tail = 0;
	event->protocol = connection->protocol;
	event->direction = moved->direction;
	event->unreadable = 0;
	event->gathered = 0;
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
static __always_inline int capture_single(const struct connection *connection, const struct moved *moved, const __u32 room)
{
	struct ff_message_event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + room + FF_MESSAGE_TAIL, 0);
	__u64 front, tail;
	bool readable;

	if (!begin_event((void *)event, FF_EVENT_MESSAGE, sizeof(*event)))
		return 0;
	fill_message(event, connection, moved);
	front = BOUNDED(moved->front, room);
	readable = !bpf_probe_read_user(payload_of(event), front, moved->buffers.single);
	if (readable) {
		event->captured = front;
		tail = BOUNDED(moved->length - front, FF_MESSAGE_TAIL);
		if (tail &&
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

static __always_inline __u32 copy_tail(struct ff_message_event *event, __u64 at, const struct last_buffers *ends, __u32 most)
{
	__u64 last = BOUNDED(smaller(ends->last_length, most), FF_MESSAGE_TAIL);
	__u64 before = BOUNDED(smaller(ends->before_length, most - last), FF_MESSAGE_TAIL - last);

	before = BOUNDED(before, FF_MESSAGE_TAIL);
	if (before && bpf_probe_read_user(payload_of(event) + at, before, ends->before + ends->before_length - before))
		return 0;
	if (last && bpf_probe_read_user(payload_of(event) + at + before, last, ends->last + ends->last_length - last))
		return 0;
	return before + last;
}

/*
 * The walk over a vector of buffers. How far it has come is kept in the event: of what lies in the ring a verifier knows
 * nothing, so that each round looks to it like the last one.
 */
struct gather {
	struct iovec parts[VECTOR_AT_ONCE];
	struct ff_message_event *event;
	const struct iovec *vector;
	__u32 vector_length;
	__u32 length; /* of the message */
	__u32 front;  /* bytes of it that are wanted */
	struct last_buffers ends;
};

enum { GATHER_ON = 0, GATHER_DONE = 1 }; /* what bpf_loop wants to hear */

/* Takes the next buffer. room is a constant: half of what the record has, so that any part after any offset fits. */
static __always_inline long gather_part(__u32 index, struct gather *gather, const __u32 room)
{
	struct ff_message_event *event = gather->event;
	__u64 wanted, copied = event->captured;
	struct iovec part;
	__u32 length;

	if (index >= gather->vector_length || event->gathered >= gather->length)
		return GATHER_DONE;
	if (index < VECTOR_AT_ONCE) {
		part = gather->parts[index];
	} else if (bpf_probe_read_user(&part, sizeof(part), &gather->vector[index])) {
		event->unreadable = 1;
		return GATHER_DONE;
	}
	length = smaller(part.iov_len, gather->length - event->gathered);
	if (!length)
		return GATHER_ON;
	event->gathered += length;
	gather->ends.before = gather->ends.last;
	gather->ends.before_length = gather->ends.last_length;
	gather->ends.last = part.iov_base;
	gather->ends.last_length = length;
	wanted = BOUNDED(smaller(length, gather->front - copied), room);
	copied = BOUNDED(copied, room);
	if (!wanted)
		return GATHER_ON;
	if (bpf_probe_read_user(payload_of(event) + copied, wanted, part.iov_base)) {
		event->unreadable = 1;
		return GATHER_DONE;
	}
	event->captured = copied + wanted;
	return GATHER_ON;
}

static long gather_part_512(__u32 index, void *gather)
{
	return gather_part(index, gather, ROOM_512);
}

static long gather_part_4k(__u32 index, void *gather)
{
	return gather_part(index, gather, ROOM_4K);
}

static long gather_part_16k(__u32 index, void *gather)
{
	return gather_part(index, gather, ROOM_16K);
}

static long gather_part_64k(__u32 index, void *gather)
{
	return gather_part(index, gather, ROOM_64K);
}

static __always_inline int capture_vector(const struct connection *connection, const struct moved *moved, const __u32 room,
                                          long (*take_part)(__u32, void *))
{
	struct ff_message_event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + 2 * room + 2 * FF_MESSAGE_TAIL, 0);
	struct gather gather = {};
	__u64 copied;

	if (!begin_event((void *)event, FF_EVENT_MESSAGE, sizeof(*event)))
		return 0;
	fill_message(event, connection, moved);
	gather.event = event;
	gather.vector = moved->buffers.vector;
	gather.vector_length = moved->buffers.vector_length;
	gather.length = moved->length;
	gather.front = moved->front;
	if (bpf_probe_read_user(gather.parts, sizeof(struct iovec) * smaller(gather.vector_length, VECTOR_AT_ONCE),
	                        gather.vector))
		event->unreadable = 1;
	else
		bpf_loop(VECTOR_MOST, take_part, &gather, 0);
	copied = BOUNDED(event->captured, room);
	if (!event->unreadable && event->gathered == moved->length && copied < moved->length)
		event->tail = copy_tail(event, copied, &gather.ends, moved->length - copied);
	finish_message(event, !event->unreadable);
	return 0;
}

/* No bytes at hand: moved inside of the kernel, or by io_uring. */
static __noinline int capture_nothing(const struct connection *connection, const struct moved *moved)
{
	struct ff_message_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!begin_event((void *)event, FF_EVENT_MESSAGE, sizeof(*event)))
		return 0;
	fill_message(event, connection, moved);
	finish_message(event, true);
	return 0;
}

static __noinline int capture_single_256(const struct connection *connection, const struct moved *moved)
{
	return capture_single(connection, moved, ROOM_256);
}

static __noinline int capture_single_512(const struct connection *connection, const struct moved *moved)
{
	return capture_single(connection, moved, ROOM_512);
}

static __noinline int capture_single_1k(const struct connection *connection, const struct moved *moved)
{
	return capture_single(connection, moved, ROOM_1K);
}

static __noinline int capture_single_4k(const struct connection *connection, const struct moved *moved)
{
	return capture_single(connection, moved, ROOM_4K);
}

static __noinline int capture_single_16k(const struct connection *connection, const struct moved *moved)
{
	return capture_single(connection, moved, ROOM_16K);
}

static __noinline int capture_single_64k(const struct connection *connection, const struct moved *moved)
{
	return capture_single(connection, moved, ROOM_64K);
}

static __noinline int capture_vector_512(const struct connection *connection, const struct moved *moved)
{
	return capture_vector(connection, moved, ROOM_512, gather_part_512);
}

static __noinline int capture_vector_4k(const struct connection *connection, const struct moved *moved)
{
	return capture_vector(connection, moved, ROOM_4K, gather_part_4k);
}

static __noinline int capture_vector_16k(const struct connection *connection, const struct moved *moved)
{
	return capture_vector(connection, moved, ROOM_16K, gather_part_16k);
}

static __noinline int capture_vector_64k(const struct connection *connection, const struct moved *moved)
{
	return capture_vector(connection, moved, ROOM_64K, gather_part_64k);
}

static __always_inline void capture(const struct connection *connection, const struct moved *moved)
{
	tell_own_calls(moved->thread);
	if (moved->buffers.vector) {
		if (moved->front <= ROOM_512)
			capture_vector_512(connection, moved);
		else if (moved->front <= ROOM_4K)
			capture_vector_4k(connection, moved);
		else if (moved->front <= ROOM_16K)
			capture_vector_16k(connection, moved);
		else
			capture_vector_64k(connection, moved);
	} else if (moved->buffers.single) {
		if (moved->front <= ROOM_256)
			capture_single_256(connection, moved);
		else if (moved->front <= ROOM_512)
			capture_single_512(connection, moved);
		else if (moved->front <= ROOM_1K)
			capture_single_1k(connection, moved);
		else if (moved->front <= ROOM_4K)
			capture_single_4k(connection, moved);
		else if (moved->front <= ROOM_16K)
			capture_single_16k(connection, moved);
		else
			capture_single_64k(connection, moved);
	} else {
		capture_nothing(connection, moved);
	}
}

/* At most two buffers that fit a record whole: what servers send most, a head and a body. */
static __always_inline void capture_pair(const struct connection *connection, const struct moved *moved, const __u32 room)
{
	struct ff_message_event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + 2 * room, 0);
	struct iovec parts[2] = {};
	bool readable = false;
	__u64 first, second;

	if (!begin_event((void *)event, FF_EVENT_MESSAGE, sizeof(*event)))
		return;
	fill_message(event, connection, moved);
	if (!bpf_probe_read_user(parts, sizeof(struct iovec) * (moved->buffers.vector_length == 1 ? 1 : 2),
	                         moved->buffers.vector)) {
		first = BOUNDED(smaller(parts[0].iov_len, moved->length), room);
		second = BOUNDED(smaller(parts[1].iov_len, moved->length - first), room);
		readable = !bpf_probe_read_user(payload_of(event), first, parts[0].iov_base) &&
		           (!second || !bpf_probe_read_user(payload_of(event) + first, second, parts[1].iov_base));
		if (readable)
			event->captured = first + second;
	}
	finish_message(event, readable);
}

static __always_inline bool is_of_usual_size(const struct moved *moved)
{
	return moved->length <= ROOM_1K &&
	       (moved->buffers.single || (moved->buffers.vector && moved->buffers.vector_length <= 2));
}

/*
 * The same as capture() for messages of usual size, without a function call: on processors with return mitigations each call
 * costs the watched program up to 20 ns.
 */
static __always_inline void capture_usual(const struct connection *connection, const struct moved *moved)
{
	tell_own_calls(moved->thread);
	if (moved->buffers.single && moved->front <= ROOM_256)
		capture_single(connection, moved, ROOM_256);
	else if (moved->buffers.single && moved->front <= ROOM_512)
		capture_single(connection, moved, ROOM_512);
	else if (moved->buffers.single)
		capture_single(connection, moved, ROOM_1K);
	else if (moved->length <= ROOM_512)
		capture_pair(connection, moved, ROOM_512);
	else
		capture_pair(connection, moved, ROOM_1K);
}

/* The first bytes of a message, for the detectors; twice the room for the same reason as above. */
struct front {
	__u8 bytes[2 * FF_DETECT_LENGTH];
};

/* Returns how many bytes there are. A global function: the verifier looks at it once, whoever calls. */
__noinline int peek_front(struct front *front, const struct user_buffers *buffers, __u32 length)
{
	__u64 wanted = BOUNDED(length, FF_DETECT_LENGTH), copied = 0, take;
	__u32 i;

	if (!front || !buffers)
		return 0;
	if (buffers->single)
		return bpf_probe_read_user(front->bytes, wanted, buffers->single) ? 0 : wanted;
	if (!buffers->vector)
		return 0;
	for (i = 0; i < 4; i++) {
		struct iovec part;

		if (i >= buffers->vector_length || copied >= wanted ||
		    bpf_probe_read_user(&part, sizeof(part), &buffers->vector[i]))
			break;
		take = BOUNDED(smaller(part.iov_len, wanted - copied), FF_DETECT_LENGTH);
		barrier_var(copied);
		copied &= FF_DETECT_LENGTH - 1; /* it is less already; 6.1 follows a mask where a comparison confuses it */
		if (take && bpf_probe_read_user(front->bytes + copied, take, part.iov_base))
			break;
		copied += take;
	}
	return smaller(copied, wanted);
}

#endif
