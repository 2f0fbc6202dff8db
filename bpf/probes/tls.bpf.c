// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The TLS probe: what watched processes hand to their TLS library and get from it, in plaintext.
 *
 * Each function of the library that moves plaintext is seen twice: where it begins, and where it has returned. What was
 * moved then goes the way of all messages (lib/observe.h), under the id of the connection whose socket moved bytes for it
 * (lib/tls_stream.h), so that it has the addresses and the end of that.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contract/tls_probe.h"
#include "bpf/lib/observe.h"
#include "bpf/lib/tls_stream.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MSG_PEEK 0x2 /* PR_MSG_PEEK is the same */

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
