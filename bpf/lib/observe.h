/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From "a call moved bytes on a socket" to an event, whichever hook saw it: detect, then announce, then capture. */
#ifndef FOOTFALL_LIB_OBSERVE_H
#define FOOTFALL_LIB_OBSERVE_H

#include "bpf/detect/http1.h"
#include "bpf/detect/http2.h"
#include "bpf/detect/tls.h"
#include "capture.h"

__noinline int tell_blind(struct connection *connection, __u32 reason)
{
	struct ff_blind_event *event;

	if (!connection || connection->blind_told & (1 << (reason & 7)))
		return 0;
	if (!connection->announced)
		announce(connection);
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!begin_event((void *)event, FF_EVENT_BLIND, sizeof(*event)))
		return 0;
	connection->blind_told |= 1 << (reason & 7);
	event->connection = connection->id;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->reason = reason;
	submit_event(event);
	return 0;
}

/*
 * The functions from here on are global (not static): the verifier looks at each once, with nothing known of its arguments,
 * so that its work adds up instead of multiplying.
 */

/* The first bytes of a stream may arrive one by one: what came before is put in front of what came now. */
__noinline int with_prefix(struct connection *connection, struct front *front, __u32 length, __u32 direction)
{
	__u32 known, i;
	__u8 *prefix;

	if (!connection || !front)
		return 0;
	prefix = connection->prefix[direction & 1];
	known = connection->prefix_length[direction & 1];
	for (i = 0; i < FF_DETECT_LENGTH; i++) {
		__u32 at = known + i;

		if (at >= FF_DETECT_LENGTH || i >= length)
			break;
		barrier_var(at); /* or the compiler drops the mask, which it has no use for and the verifier has */
		prefix[at & (FF_DETECT_LENGTH - 1)] = front->bytes[i];
	}
	known += i;
	connection->prefix_length[direction & 1] = known;
	__builtin_memcpy(front->bytes, prefix, FF_DETECT_LENGTH);
	return known;
}

/* The detectors, each of them looked at by itself: how many ways there are through all of them is the sum, not the product.
 */
__noinline int is_http1(const struct front *front, __u32 length)
{
	return front ? ff_detect_http1(front->bytes, length) : FF_DETECT_NO;
}

__noinline int is_http2(const struct front *front, __u32 length)
{
	return front ? ff_detect_http2(front->bytes, length) : FF_DETECT_NO;
}

__noinline int is_tls(const struct front *front, __u32 length)
{
	return front ? ff_detect_tls(front->bytes, length) : FF_DETECT_NO;
}

/* What these bytes start: VERDICT_MAYBE if more bytes are needed to tell. */
static __noinline int classify(const struct front *front, __u32 length)
{
	int tls = is_tls(front, length), http1;

	if (tls == FF_DETECT_OPAQUE)
		return VERDICT_TLS;
	if (is_http2(front, length) == FF_DETECT_OPAQUE)
		return VERDICT_HTTP2;
	http1 = is_http1(front, length);
	if (http1 == FF_DETECT_REQUEST || http1 == FF_DETECT_RESPONSE)
		return VERDICT_READ;
	return http1 == FF_DETECT_MAYBE || tls == FF_DETECT_MAYBE ? VERDICT_MAYBE : VERDICT_NONE;
}

/* Is the message worth an event? Not inline, for its stack: all frames of a call chain share 512 bytes. */
static __noinline bool judge(struct connection *connection, const struct moved *moved)
{
	struct front front = {};
	__u32 direction = moved->direction & 1;
	int length = peek_front(&front, &moved->buffers, moved->length);
	int verdict;

	/* Usually the first message is long enough to tell. */
	if (length < FF_DETECT_LENGTH || connection->prefix_length[direction])
		length = with_prefix(connection, &front, length, direction);
	verdict = classify(&front, length);
	if (verdict == VERDICT_MAYBE)
		return true;
	connection->prefix_length[direction] = 0;
	connection->verdict = verdict;
	if (verdict == VERDICT_NONE && connection->from_start)
		connection->verdict =
			VERDICT_IGNORE; /* a stream known from its first byte never becomes one of ours later */
	return verdict == VERDICT_READ;
}

/* How much of the message is wanted because a request or a response starts with it; 0 if none does. */
static __noinline __u32 wanted_of_start(const struct moved *moved)
{
	struct front front = {};
	int length = peek_front(&front, &moved->buffers, moved->length);

	switch (is_http1(&front, length)) {
	case FF_DETECT_REQUEST:
		return REQUESTS_MOST;
	case FF_DETECT_RESPONSE:
		return HEAD_MOST;
	default:
		return 0;
	}
}

/* How much of the front is wanted: all that a head may take, until enough has passed that this can only be a body. */
static __always_inline __u32 wanted_front(struct connection *connection, const struct moved *moved)
{
	__u32 direction = moved->direction & 1;
	bool streaming = connection->since_start[direction] >= STREAMING_AFTER;
	__u32 most = streaming ? FRONT_LEAST : HEAD_MOST;
	__u32 wanted = moved->length > most ? wanted_of_start(moved) : 0;

	if (wanted) {
		most = wanted;
		connection->since_start[direction] = 0;
		streaming = false;
	}
	connection->since_start[!direction] = 0;
	if (!streaming)
		connection->since_start[direction] += moved->length;
	return smaller(moved->length, most);
}

/*
 * The way of every message from its hook to the ring. A global function, so that the verifier's work does not multiply with
 * the callers. connection->socket is set.
 */
__noinline int observe(struct connection *connection, struct moved *moved)
{
	__u32 direction;

	if (!connection || !moved)
		return 0;
	direction = moved->direction & 1;
	if (!connection->id)
		meet_connection(connection, (const struct sock *)connection->socket, direction,
		                moved->length + moved->behind);
	moved->position = advance(connection, direction, moved->length, moved->sequence);
	if (is_ignored(connection))
		return 0;
	if (connection->verdict == VERDICT_NONE && (!moved->length || !judge(connection, moved))) {
		if (connection->verdict == VERDICT_TLS)
			tell_blind(connection, FF_BLIND_TLS);
		else if (connection->verdict == VERDICT_HTTP2)
			tell_blind(connection, FF_BLIND_HTTP2);
		return 0;
	}
	if (!connection->announced)
		announce(connection);
	moved->front = wanted_front(connection, moved);
	capture(connection, moved);
	return 0;
}

/* observe() of a known connection for bytes that are not at hand, since they moved inside of the kernel. */
__noinline int observe_without_bytes(struct connection *connection, struct moved *moved)
{
	__u32 direction;

	if (!connection || !moved)
		return 0;
	direction = moved->direction & 1;
	moved->position = advance(connection, direction, moved->length, moved->sequence);
	if (is_ignored(connection))
		return 0;
	if (!connection->announced)
		announce(connection);
	connection->since_start[!direction] = 0;
	connection->since_start[direction] += moved->length;
	capture_nothing(connection, moved);
	return 0;
}

/* observe() for what usually comes: the next small message of a connection that is known and read. All of it is inline. */
static __always_inline void observe_usual(struct connection *connection, struct moved *moved)
{
	__u32 direction = moved->direction & 1;

	if (connection->verdict != VERDICT_READ || !connection->announced ||
	    connection->since_start[direction] >= STREAMING_AFTER || !is_of_usual_size(moved)) {
		observe(connection, moved);
		return;
	}
	moved->position = advance(connection, direction, moved->length, moved->sequence);
	moved->front = moved->length;
	connection->since_start[!direction] = 0;
	connection->since_start[direction] += moved->length;
	capture_usual(connection, moved);
}

/* The call failed in a way that ends the connection. */
static __always_inline void tell_closed(struct connection *connection, __u32 reason, __u32 final)
{
	struct ff_close_event *event;

	if (is_ignored(connection) || !connection->announced)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!begin_event((void *)event, FF_EVENT_CLOSE, sizeof(*event)))
		return;
	event->connection = connection->id;
	event->reason = reason;
	event->final = final;
	submit_event(event);
}

#endif
