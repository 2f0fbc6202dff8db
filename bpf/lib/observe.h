/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From "a call moved bytes on a socket" to an event, whichever hook saw it: detect, then announce, then capture. */
#ifndef FOOTFALL_LIB_OBSERVE_H
#define FOOTFALL_LIB_OBSERVE_H

#include "bpf/detect/detectors.h"
#include "bpf/detect/tls.h"
#include "capture.h"

/* Who speaks what nobody reads is a count of its process: the agent keeps nothing of the connection. */
__noinline int tell_blind(struct connection *connection, __u32 reason)
{
	struct ff_blind_event *event;

	if (!connection || connection->blind_told & (1 << (reason & 7)))
		return 0;
	if (!connection->announced && reason != FF_BLIND_UNKNOWN)
		announce(connection);
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!begin_event((void *)event, FF_EVENT_BLIND, sizeof(*event)))
		return 0;
	connection->blind_told |= 1 << (reason & 7);
	event->connection = connection->announced ? connection->id : 0;
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

/*
 * The detectors, each of them looked at by itself: how many ways there are through all of them is the sum, not the product.
 */
#define FF_PROTOCOL(number, name, enumerator)                                                           \
	__noinline int is_##name(const struct front *front, __u32 length, __u32 total)                  \
	{                                                                                               \
		barrier_var(total); /* or a caller would not pass what the detector does not look at */ \
		return front ? ff_detect_##name(front->bytes, length, total) : FF_DETECT_NO;            \
	}
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL

__noinline int is_tls(const struct front *front, __u32 length)
{
	return front ? ff_detect_tls(front->bytes, length, 0) : FF_DETECT_NO;
}

/* What the detector of one protocol says. */
static __noinline int detect_as(__u32 protocol, const struct front *front, __u32 length, __u32 total)
{
	switch (protocol) {
#define FF_PROTOCOL(number, name, enumerator) \
	case number:                          \
		return is_##name(front, length, total);
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
	}
	return FF_DETECT_NO;
}

#define VERDICT_PROTOCOL(number) (VERDICT_READ | (number) << 8)

/* What these bytes start: a verdict, with the protocol above it; VERDICT_MAYBE if more bytes are needed to tell. */
static __noinline int classify(const struct front *front, __u32 length, __u32 total, __u32 refused)
{
	int answer = is_tls(front, length);
	bool maybe = answer == FF_DETECT_MAYBE;

	if (answer == FF_DETECT_OPAQUE)
		return VERDICT_TLS;
#define FF_PROTOCOL(number, name, enumerator)                                    \
	if (!(refused & (1U << number))) {                                       \
		answer = is_##name(front, length, total);                        \
		if (answer == FF_DETECT_REQUEST || answer == FF_DETECT_RESPONSE) \
			return VERDICT_PROTOCOL(number);                         \
		maybe |= answer == FF_DETECT_MAYBE;                              \
	}
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
	return maybe ? VERDICT_MAYBE : VERDICT_NONE;
}

/* A stream known from its first byte never becomes one of ours later, and one that was guessed wrong seldom. */
#define TRIES_MOST 16

static __always_inline bool is_hopeless(struct connection *connection)
{
	if (connection->tries <= TRIES_MOST)
		connection->tries++;
	return connection->from_start || (connection->refused && connection->tries > TRIES_MOST);
}

/* One that is older than footfall may be in the midst of something long: it is looked at further. */
static __always_inline bool is_unknown(const struct connection *connection)
{
	return connection->verdict == VERDICT_IGNORE || connection->tries > TRIES_MOST;
}

/*
 * The first message of a connection is one line of text, which no detector knows. It may be a command that the other end
 * does not know either, as people and older clients send them: the answer tells.
 */
static __noinline bool is_first_line(const struct connection *connection, const struct front *front)
{
	return connection->from_start && !connection->tries && ff_is_line(front->bytes);
}

/* Is the message worth an event? Not inline, for its stack: all frames of a call chain share 512 bytes. */
static __noinline bool judge(struct connection *connection, const struct moved *moved)
{
	struct front front = {};
	__u32 direction = moved->direction & 1, total = moved->length;
	int length = peek_front(&front, &moved->buffers, moved->length);
	int verdict;

	/* Usually the first message is long enough to tell. */
	if (connection->prefix_length[direction])
		total = 0;
	if (length < FF_DETECT_LENGTH || connection->prefix_length[direction])
		length = with_prefix(connection, &front, length, direction);
	verdict = classify(&front, length, total, connection->refused);
	if (verdict == VERDICT_MAYBE)
		return true;
	connection->prefix_length[direction] = 0;
	connection->verdict = verdict;
	if (connection->verdict == VERDICT_READ)
		connection->protocol = verdict >> 8;
	else if (verdict == VERDICT_NONE && is_first_line(connection, &front))
		return connection->tries = 1;
	else if (verdict == VERDICT_NONE && is_hopeless(connection))
		connection->verdict = VERDICT_IGNORE;
	return connection->verdict == VERDICT_READ;
}

/*
 * The agent guesses as well, with more to go by. What it found out is looked for now and then: after 1, 2, 4, … and each 64
 * messages.
 */
static __always_inline bool is_time_to_ask(struct connection *connection)
{
	__u8 messages = ++connection->messages;

	return (messages & 63) == 0 || (messages & (messages - 1)) == 0;
}

__noinline int take_refusal(struct connection *connection)
{
	__u32 *refused;
	__u64 id;

	if (!connection)
		return 0;
	id = connection->id; /* older verifiers (6.1) want a key on the stack */
	if (!connection->socket)
		id |= FF_REFUSED_PLAINTEXT;
	refused = bpf_map_lookup_elem(&refusals, &id);
	if (!refused || !(*refused & ~connection->refused))
		return 0;
	connection->refused |= *refused;
	connection->verdict = VERDICT_NONE;
	connection->protocol = FF_PROTOCOL_UNDECIDED;
	connection->from_start = 0;
	connection->tries = 0;
	connection->prefix_length[0] = connection->prefix_length[1] = 0;
	return 0;
}

static __always_inline void heed_refusal(struct connection *connection)
{
	if (connection->verdict == VERDICT_READ && is_time_to_ask(connection))
		take_refusal(connection);
}

/* How much of the message is wanted because a request or a response starts with it; 0 if none does. */
static __noinline __u32 wanted_of_start(const struct connection *connection, const struct moved *moved)
{
	struct front front = {};
	int length = peek_front(&front, &moved->buffers, moved->length);

	switch (detect_as(connection->protocol, &front, length, moved->length)) {
	case FF_DETECT_REQUEST:
		return REQUESTS_MOST;
	case FF_DETECT_RESPONSE:
		return HEAD_MOST;
	default:
		return 0;
	}
}

enum protocol {
#define FF_PROTOCOL(number, name, enumerator) PROTOCOL_##name = (number),
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
};

/* Messages of these, however long, hold many small ones, and begin in the middle of one as often as not. */
static __always_inline bool is_pipelined(const struct connection *connection)
{
	return connection->protocol == PROTOCOL_redis || connection->protocol == PROTOCOL_memcached;
}

/*
 * How much of the front is wanted: all that a head may take, until enough has passed that this can only be a body. HTTP/2
 * has the heads of other streams, and the ends of all, in the midst of bodies, where nothing but the frames before them
 * leads to. Who sends many small messages may fill all buffers before the other end answers, and each call begins anywhere.
 */
static __always_inline __u32 wanted_front(struct connection *connection, const struct moved *moved)
{
	__u32 direction = moved->direction & 1;
	bool framed = connection->protocol == PROTOCOL_http2, pipelined = is_pipelined(connection);
	__u32 after = framed || (pipelined && direction == FF_SENT) ? FRAMES_AFTER : STREAMING_AFTER;
	bool streaming = connection->since_start[direction] >= after;
	__u32 whole = framed || pipelined ? REQUESTS_MOST : HEAD_MOST;
	__u32 most = !streaming ? whole : framed ? HEAD_MOST : FRONT_LEAST;
	__u32 wanted = moved->length > most ? wanted_of_start(connection, moved) : 0;

	if (wanted) {
		most = wanted;
		/* Behind the head of a long reply comes nothing but its value. */
		connection->since_start[direction] = pipelined && wanted == HEAD_MOST ? after - STREAMING_AFTER : 0;
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
	/* Seen from its first byte, it has shown a handshake. */
	if (connection->verdict == VERDICT_NONE && connection->is_tcp && !connection->from_start &&
	    is_encrypted_by_kernel(connection)) {
		connection->verdict = VERDICT_TLS;
		tell_blind(connection, FF_BLIND_TLS);
		return 0;
	}
	if (connection->verdict == VERDICT_NONE && (!moved->length || !judge(connection, moved))) {
		if (connection->verdict == VERDICT_TLS)
			tell_blind(connection, FF_BLIND_TLS);
		else if (is_unknown(connection))
			tell_blind(connection, FF_BLIND_UNKNOWN);
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
	tell_own_calls(moved->thread);
	capture_nothing(connection, moved);
	return 0;
}

/* observe() for what usually comes: the next small message of a connection that is known and read. All of it is inline. */
static __always_inline void observe_usual(struct connection *connection, struct moved *moved)
{
	__u32 direction = moved->direction & 1;

	heed_refusal(connection);
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

/* It ends, or one direction of it does. What is ignored ends unheard, but for TLS, which may be read as plaintext. */
static __always_inline void tell_closed(struct connection *connection, enum ff_close_reason reason,
                                        enum ff_close_extent extent)
{
	struct ff_close_event *event;

	if ((is_ignored(connection) && connection->verdict != VERDICT_TLS) || !connection->announced)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!begin_event((void *)event, FF_EVENT_CLOSE, sizeof(*event)))
		return;
	event->connection = connection->id;
	event->reason = reason;
	event->extent = extent;
	event->position[FF_RECEIVED] = connection->position[FF_RECEIVED];
	event->position[FF_SENT] = connection->position[FF_SENT];
	submit_event(event);
}

#endif
