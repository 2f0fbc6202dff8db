// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The TLS probe: what watched processes hand to their TLS library and get from it, in plaintext.
 *
 * Each function of the library that moves plaintext is seen twice: where it begins, and where it has returned. What was
 * moved then goes the way of all messages (lib/observe.h), under the id of the connection whose socket moved bytes for it
 * (lib/tls_thread.h), so that it has the addresses and the end of that.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contract/tls_probe.h"
#include "bpf/lib/observe.h"
#include "bpf/lib/tls_thread.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MSG_PEEK 0x2 /* PR_MSG_PEEK is the same */

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

/* How many bytes were moved; 0: the end of the stream was read; less: none. */
static __always_inline long bytes_moved(const struct tls_call *call, long result)
{
	__u64 counted = 0;

	switch (FF_TLS_COOKIE_FUNCTION(call->cookie)) {
	case FF_TLS_RECV:
		if ((__u64)call->counted & MSG_PEEK)
			return -1;
		return result || !call->length ? (int)result : 0;
	case FF_TLS_READ:
		return result || !call->length ? (int)result : 0;
	case FF_TLS_WRITE:
		return (int)result > 0 ? (int)result : -1;
	case FF_TLS_READ_EX:
	case FF_TLS_WRITE_EX:
		if ((int)result <= 0 || bpf_probe_read_user(&counted, sizeof(counted), call->counted))
			return -1;
		return counted ? (long)counted : -1;
	case FF_TLS_SENDFILE:
		return result > 0 ? result : -1;
	default:
		return -1;
	}
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

/* A return leaves the stack as it was before the call. */
static __always_inline bool is_end_of(const struct tls_call *call, const struct pt_regs *ctx)
{
	return call->s && PT_REGS_SP(ctx) == call->sp + sizeof(__u64);
}

static __always_inline int enter(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	__u64 s = PT_REGS_PARM1(ctx), sp = PT_REGS_SP(ctx);
	struct tls_thread *thread;
	struct tls_call *call;

	if (!is_watched_process(bpf_get_current_pid_tgid() >> 32))
		return 1;
	thread = bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count(FF_DROP_NO_CONNECTION_STATE);
		return 1;
	}
	call = &thread->call;
	if (!is_inner(call, sp))
		thread->outer.s = 0;
	else if (!begin_inner(thread, s))
		return 1;
	call->s = s;
	call->sp = sp;
	call->sent_ns = 0;
	call->deeper = 0;
	call->buffer = (const void *)PT_REGS_PARM2(ctx);
	call->length = PT_REGS_PARM3(ctx);
	call->counted = (const void *)PT_REGS_PARM4(ctx);
	call->cookie = cookie;
	call->inside = TLS_INSIDE_NOTHING;
	return 0;
}

static __always_inline void observe_call(const struct tls_call *call, struct tls_stream *stream, long length)
{
	struct moved moved = {.thread = bpf_get_current_pid_tgid(), .length = length};
	__u32 function = FF_TLS_COOKIE_FUNCTION(call->cookie);

	moved.direction = is_sent(function) ? FF_SENT : FF_RECEIVED;
	/* By the time that the call returns, the peer may have had it and answered. */
	if (moved.direction == FF_SENT)
		moved.time_ns = call->sent_ns;
	if (function == FF_TLS_SENDFILE) {
		observe_without_bytes(&stream->plain, &moved);
		return;
	}
	moved.buffers.single = call->buffer;
	if (length)
		observe_usual(&stream->plain, &moved);
	else
		observe(&stream->plain, &moved);
}

static __always_inline int leave(struct pt_regs *ctx)
{
	struct tls_thread *thread = bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), NULL, 0);
	struct tls_name name = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct tls_stream *stream;
	long length;

	if (!thread || !is_end_of(&thread->call, ctx))
		return 0;
	name.s = thread->call.s;
	thread->call.s = 0;
	length = bytes_moved(&thread->call, PT_REGS_RC(ctx));
	stream = stream_of(&name, thread, length);
	if (stream && length >= 0)
		observe_call(&thread->call, stream, length);
	else if (length < 0 && is_sent(FF_TLS_COOKIE_FUNCTION(thread->call.cookie)))
		note_waiting(&name);
	if (thread->outer.s) {
		thread->call = thread->outer;
		thread->outer.s = 0;
	}
	return 0;
}

SEC("uprobe.multi")
int tls_entered(struct pt_regs *ctx)
{
	enter(ctx);
	return 0;
}

SEC("uprobe.multi")
int tls_returned(struct pt_regs *ctx)
{
	return leave(ctx);
}

/*
 * Both in one, where the kernel knows sessions (>= 6.13, commit d920179b3d48, "bpf: Add support for uprobe multi session
 * attach"): the answer 1 spares processes that are not watched the second half.
 */
extern bool bpf_session_is_return(void) __ksym __weak;

SEC("uprobe.multi")
int tls_called(struct pt_regs *ctx)
{
	return bpf_session_is_return() ? leave(ctx) : enter(ctx);
}

SEC("uprobe.multi")
int tls_freed(struct pt_regs *ctx)
{
	struct tls_name name = {.s = PT_REGS_PARM1(ctx), .pid = bpf_get_current_pid_tgid() >> 32};

	if (is_watched_process(name.pid))
		bpf_map_delete_elem(&tls_streams, &name);
	return 0;
}

/*
 * Go: arguments and results are in registers of its own choice (ABIInternal: rax, rbx, rcx), and r14 points to the
 * goroutine, which may go on in another thread. So a call is kept by goroutine; the program is attached where its function
 * returns.
 */
struct go_call {
	__u64 s;
	const void *buffer;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_goroutine);
	__type(value, struct go_call);
} go_calls SEC(".maps");

/* Each function by itself: a handshake may be inside of a read. */
static __always_inline struct tls_goroutine goroutine_of(__u64 address, __u64 cookie)
{
	struct tls_goroutine goroutine = {
		.goroutine = address,
		.pid = bpf_get_current_pid_tgid() >> 32,
		.function = FF_TLS_COOKIE_FUNCTION(cookie),
	};

	return goroutine;
}

static __always_inline int go_enter(const struct tls_goroutine *goroutine, const struct go_call *call)
{
	if (bpf_map_update_elem(&go_calls, goroutine, call, BPF_ANY))
		count(FF_DROP_NO_CONNECTION_STATE);
	return 0;
}

SEC("uprobe.multi")
int go_entered(struct pt_regs *ctx)
{
	struct tls_goroutine goroutine = goroutine_of(ctx->r14, bpf_get_attach_cookie(ctx));
	struct go_call call = {.s = ctx->ax, .buffer = (const void *)ctx->bx};

	if (!is_watched_process(goroutine.pid))
		return 0;
	return go_enter(&goroutine, &call);
}

/* What a goroutine received last is what it reads, or shakes hands on. A connection is never another one later. */
static __noinline struct tls_stream *go_stream_of(const struct tls_name *name, struct tls_goroutine *goroutine, __u64 cookie)
{
	struct tls_stream *stream = bpf_map_lookup_elem(&tls_streams, name);
	struct tls_thread seen = {.call.cookie = cookie};
	struct tls_received *received;

	if (stream)
		return stream;
	goroutine->function = 0;
	received = bpf_map_lookup_elem(&goroutines_received, goroutine);
	if (!received)
		return NULL;
	seen.connection = received->connection;
	seen.met_ns = received->met_ns;
	seen.from_start = received->from_start;
	return begin_stream(name, &seen);
}

static __always_inline int go_leave(struct tls_goroutine *goroutine, __u64 cookie, long length)
{
	struct moved moved = {.thread = bpf_get_current_pid_tgid()};
	struct go_call *call = bpf_map_lookup_elem(&go_calls, goroutine);
	struct tls_name name = {.pid = goroutine->pid};
	__u32 function = goroutine->function;
	struct tls_stream *stream;

	if (!call)
		return 0;
	name.s = call->s;
	moved.buffers.single = call->buffer;
	bpf_map_delete_elem(&go_calls, goroutine);
	stream = go_stream_of(&name, goroutine, cookie);
	/* A deadline ends a read without bytes, too; the end of the stream is seen by the socket. */
	if (!stream || function == FF_TLS_DO_HANDSHAKE || length <= 0)
		return 0;
	moved.length = length;
	moved.direction = FF_RECEIVED;
	observe_usual(&stream->plain, &moved);
	return 0;
}

/*
 * Seen where it begins: when it has returned, the peer may have had it and closed the connection. It sends all or breaks the
 * connection, and nothing is sent before the handshake, so that the connection is known.
 */
static __always_inline int go_write(__u64 s, const void *buffer, __u64 length)
{
	struct moved moved = {.thread = bpf_get_current_pid_tgid(), .direction = FF_SENT};
	struct tls_name name = {.s = s, .pid = moved.thread >> 32};
	struct tls_stream *stream = bpf_map_lookup_elem(&tls_streams, &name);

	if (!stream || !length)
		return 0;
	moved.length = length;
	moved.buffers.single = buffer;
	observe_usual(&stream->plain, &moved);
	return 0;
}

SEC("uprobe.multi")
int go_wrote(struct pt_regs *ctx)
{
	if (!is_watched_process(bpf_get_current_pid_tgid() >> 32))
		return 0;
	return go_write(ctx->ax, (const void *)ctx->bx, ctx->cx);
}

SEC("uprobe.multi")
int go_returned(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	struct tls_goroutine goroutine = goroutine_of(ctx->r14, cookie);

	return go_leave(&goroutine, cookie, ctx->ax);
}

SEC("uprobe.multi")
int go_freed(struct pt_regs *ctx)
{
	struct tls_name name = {.s = ctx->ax, .pid = bpf_get_current_pid_tgid() >> 32};

	if (is_watched_process(name.pid))
		bpf_map_delete_elem(&tls_streams, &name);
	return 0;
}

/*
 * Before Go 1.17, both are on the stack, above the address to return to: the connection, the slice (pointer, length,
 * capacity), then the results (ABI0: go.dev/s/regabi). The goroutine is where its thread-local storage says.
 */
struct go_frame {
	__u64 return_to;
	__u64 s;
	const void *buffer;
	__u64 length, capacity;
	__s64 result;
};

static __always_inline bool read_go_frame(const struct pt_regs *ctx, struct go_frame *frame)
{
	return !bpf_probe_read_user(frame, sizeof(*frame), (const void *)ctx->sp);
}

SEC("uprobe.multi")
int go_stack_entered(struct pt_regs *ctx)
{
	struct tls_goroutine goroutine = goroutine_of(goroutine_of_thread(), bpf_get_attach_cookie(ctx));
	struct go_frame frame;
	struct go_call call;

	if (!is_watched_process(goroutine.pid) || !read_go_frame(ctx, &frame))
		return 0;
	call.s = frame.s;
	call.buffer = frame.buffer;
	return go_enter(&goroutine, &call);
}

SEC("uprobe.multi")
int go_stack_wrote(struct pt_regs *ctx)
{
	struct go_frame frame;

	if (!is_watched_process(bpf_get_current_pid_tgid() >> 32) || !read_go_frame(ctx, &frame))
		return 0;
	return go_write(frame.s, frame.buffer, frame.length);
}

SEC("uprobe.multi")
int go_stack_returned(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	struct tls_goroutine goroutine = goroutine_of(goroutine_of_thread(), cookie);
	struct go_frame frame;

	if (!is_watched_process(goroutine.pid) || !read_go_frame(ctx, &frame))
		return 0;
	return go_leave(&goroutine, cookie, frame.result);
}

SEC("uprobe.multi")
int go_stack_freed(struct pt_regs *ctx)
{
	struct tls_name name = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct go_frame frame;

	if (!is_watched_process(name.pid) || !read_go_frame(ctx, &frame))
		return 0;
	name.s = frame.s;
	bpf_map_delete_elem(&tls_streams, &name);
	return 0;
}

#include "rustls.h"
