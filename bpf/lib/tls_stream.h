/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whose plaintext it is that a call of a TLS library moves: what the library calls a connection, and which one that is by
 * what the thread has seen (tls_thread.h). Calls may lie within calls: TLS that carries other TLS, and programs that are
 * called back by the library.
 */
#ifndef FOOTFALL_LIB_TLS_STREAM_H
#define FOOTFALL_LIB_TLS_STREAM_H

#include "maps.h"
#include "tls_thread.h"

/* Since when each library is attached, by its number; 0: not yet. The agent writes. */
__u64 probed_since[FF_TLS_LIBRARIES];

/* Plaintext of a connection, as its process names it. */
struct tls_name {
	__u64 s;
	__u32 pid;
	__u32 reserved;
};

struct tls_stream {
	struct connection plain; /* with the socket's id, and positions of its own */
	__u8 by_call;            /* the library moves the bytes of the socket itself */
	__u8 state;              /* enum tls_stream_state; usually 0 */
	__u8 reserved[6];
};

enum tls_stream_state {
	STREAM_CARRIES = 1, /* TLS of another connection, which is the one to read */
	STREAM_WAITS = 2,   /* a write could not be done, and nothing was moved yet: the handshake goes on */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct tls_name);
	__type(value, struct tls_stream);
} tls_streams SEC(".maps");

static const struct tls_stream no_stream;

static __always_inline bool is_sent(__u32 function)
{
	return function == FF_TLS_WRITE || function == FF_TLS_WRITE_EX || function == FF_TLS_SENDFILE;
}

/* All of its plaintext is seen if the probe was there before the connection was. */
static __always_inline bool is_seen_whole(const struct tls_thread *thread)
{
	__u64 library = FF_TLS_COOKIE_LIBRARY(thread->call.cookie);
	__u64 since;

	if (library >= FF_TLS_LIBRARIES)
		return false;
	since = probed_since[library];
	return thread->from_start && since && since < thread->met_ns;
}

static __always_inline void tell_plaintext(const struct connection *plain)
{
	struct ff_plaintext_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!begin_event((void *)event, FF_EVENT_PLAINTEXT, sizeof(*event)))
		return;
	event->connection = plain->id;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->opened_before = !plain->from_start;
	submit_event(event);
}

/* What the library calls so is this connection from now on. */
static __noinline struct tls_stream *begin_stream(const struct tls_name *name, const struct tls_thread *thread)
{
	__u64 refused = thread->connection | FF_REFUSED_PLAINTEXT; /* older verifiers (6.1) want a key on the stack */
	struct tls_stream *stream;
	struct connection *plain;

	if (bpf_map_update_elem(&tls_streams, name, &no_stream, BPF_ANY))
		return NULL;
	stream = bpf_map_lookup_elem(&tls_streams, name);
	if (!stream)
		return NULL;
	plain = &stream->plain;
	plain->id = thread->connection;
	plain->protocol = FF_PROTOCOL_UNDECIDED;
	plain->announced = 1;
	plain->from_start = is_seen_whole(thread);
	stream->by_call = thread->call.inside == TLS_INSIDE_MOVED;
	/*
	 * What was found of another plaintext of it is no more true. What was found of its bytes while they were not
	 * encrypted yet (STARTTLS) is not of the plaintext, and may reach the map after this.
	 */
	bpf_map_delete_elem(&refusals, &refused);
	tell_plaintext(plain);
	return stream;
}

/* A write may finish the handshake with bytes that it takes in, and be done. False: whose stream it is stays unknown. */
static __noinline bool ends_wait(const struct tls_name *name, struct tls_stream *stream, const struct tls_thread *thread)
{
	__u8 inside = thread->call.inside;

	stream->state = 0;
	if (stream->plain.id || inside == TLS_INSIDE_MOVED || (thread->received && !inside))
		return true;
	bpf_map_delete_elem(&tls_streams, name);
	return false;
}

/* The stream of the call that ends, or NULL if its connection is not known (yet). */
static __always_inline struct tls_stream *stream_of(const struct tls_name *name, struct tls_thread *thread, long length)
{
	struct tls_stream *stream = bpf_map_lookup_elem(&tls_streams, name);
	bool takes_in = thread->received && !is_sent(FF_TLS_COOKIE_FUNCTION(thread->call.cookie));
	bool known;

	if (stream && stream->state) {
		if (stream->state & STREAM_CARRIES)
			return NULL;
		if (length >= 0) {
			if (!ends_wait(name, stream, thread))
				return NULL;
			takes_in = thread->received;
		}
	}
	known = thread->call.inside == TLS_INSIDE_MOVED ||
	        (takes_in && !thread->call.inside && !(stream && stream->by_call));
	if (takes_in)
		thread->received = 0;
	if (!known || (stream && stream->plain.id == thread->connection))
		return stream;
	return begin_stream(name, thread);
}

static __noinline void note_waiting(const struct tls_name *name)
{
	struct tls_stream *stream = bpf_map_lookup_elem(&tls_streams, name);

	if (!stream && !bpf_map_update_elem(&tls_streams, name, &no_stream, BPF_ANY))
		stream = bpf_map_lookup_elem(&tls_streams, name);
	if (stream && !stream->plain.position[FF_SENT] && !stream->plain.position[FF_RECEIVED])
		stream->state |= STREAM_WAITS;
}

/* After so many, the return of the outer call was missed instead (longjmp). */
#define DEEPER_MOST 1024

static __always_inline bool is_inner(const struct tls_call *outer, __u64 sp)
{
	return outer->s && sp < outer->sp && outer->deeper < DEEPER_MOST;
}

/*
 * A call below one that goes on, for another connection: TLS inside of TLS (HTTPS through an HTTPS proxy). It is how the
 * outer call moves its bytes, and what it moves is no plaintext. Unless the program moves the bytes itself: then the library
 * has called it back.
 */
static __always_inline bool is_carrier(const struct tls_call *outer, __u64 s)
{
	struct tls_name name = {.s = s, .pid = bpf_get_current_pid_tgid() >> 32};
	struct tls_stream *stream;

	if (outer->s == s)
		return false;
	stream = bpf_map_lookup_elem(&tls_streams, &name);
	if (stream && !stream->by_call && !(stream->state & STREAM_CARRIES))
		return false;
	if (!stream && !bpf_map_update_elem(&tls_streams, &name, &no_stream, BPF_ANY))
		stream = bpf_map_lookup_elem(&tls_streams, &name);
	if (stream)
		stream->state |= STREAM_CARRIES;
	return true;
}

/* The program calls from within a call (Node, when a handshake is done): what the outer one takes in, it has taken in. */
static __always_inline void settle(struct tls_thread *thread)
{
	struct tls_name name = {.s = thread->call.s, .pid = bpf_get_current_pid_tgid() >> 32};

	if (!thread->received)
		return;
	stream_of(&name, thread, 1);
	if (!thread->received)
		thread->call.inside = TLS_INSIDE_NO_SIGN;
}

/* False: what it moves is not to be read. */
static __noinline bool begin_inner(struct tls_thread *thread, __u64 s)
{
	thread->call.deeper++;
	if (is_carrier(&thread->call, s))
		return false;
	settle(thread);
	thread->outer = thread->call;
	return true;
}

#endif
