/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How plaintext finds its connection. A TLS library's own structures say which socket a connection has, but differ with each
 * version; so the two probes meet in the thread: the tls probe notes that it is inside of a call of the library, and the
 * sockets probe which TLS connection moved bytes meanwhile.
 *
 * Where the program moves the bytes itself (memory BIOs: Node, Python's asyncio), no socket call is inside. Then it is the
 * connection that the thread has received from since it last asked the library to take in bytes. A read takes them in, and
 * so does a write that could not be done before: it goes on with the handshake.
 */
#ifndef FOOTFALL_LIB_TLS_THREAD_H
#define FOOTFALL_LIB_TLS_THREAD_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include "bpf/contract/tls_probe.h"
#include "connection.h"
#include "goroutine.h"

struct tls_call {
	__u64 s;             /* the library's name for the connection; 0: no call */
	__u64 sp;            /* the stack pointer where it began */
	__u64 sent_ns;       /* when a socket last took bytes inside of it; 0: none did */
	const void *buffer;  /* of plaintext */
	const void *counted; /* where the number of bytes will be written */
	__u64 length;        /* of the buffer */
	__u64 cookie;        /* contract/tls_probe.h */
	__u32 deeper;        /* calls inside of this one */
	__u8 inside;         /* enum tls_inside */
	__u8 reserved[3];
};

enum tls_inside {
	TLS_INSIDE_NOTHING = 0,
	TLS_INSIDE_MOVED,   /* a TLS connection moved bytes inside of the call */
	TLS_INSIDE_NO_SIGN, /* … which says nothing: whose call it is, was settled before, or is in doubt */
};

struct tls_thread {
	struct tls_call call;  /* the one that goes on */
	struct tls_call outer; /* … inside of this one, if the library called back the program, which called it again */
	/* The TLS connection that last moved bytes: inside of a call, or by receiving. */
	__u64 connection;
	__u64 met_ns;
	__u8 from_start;
	__u8 received; /* it did so outside, and no call has taken them in yet */
	__u8 reserved[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tls_thread);
} tls_threads SEC(".maps");

/* By connection of rustls: what it is called (probes/rustls.h). The sockets probe takes out what closes. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u64);
} rustls_places SEC(".maps");

/* The same for Go, whose goroutines move from thread to thread: by goroutine, which r14 points to. */
struct tls_goroutine {
	__u64 goroutine;
	__u32 pid;
	__u32 function; /* enum ff_tls_function, where a call of it is meant */
};

struct tls_received {
	__u64 connection;
	__u64 met_ns;
	__u64 from_start;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_goroutine);
	__type(value, struct tls_received);
} goroutines_received SEC(".maps");

static __always_inline void note_goroutine(const struct connection *connection, bool on_stack)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct pt_regs *regs = (const struct pt_regs *)bpf_task_pt_regs(task);
	struct tls_goroutine goroutine = {.goroutine = regs->r14, .pid = task->tgid};
	struct tls_received received = {connection->id, connection->met_ns, connection->from_start};

	if (connection->verdict != VERDICT_TLS)
		return;
	bpf_map_update_elem(&goroutines_received, &goroutine, &received, BPF_ANY);
	if (!on_stack)
		return;
	goroutine.goroutine = goroutine_of_thread();
	bpf_map_update_elem(&goroutines_received, &goroutine, &received, BPF_ANY);
}

/*
 * Bytes of this connection moved. Only TLS connections are noted. What another connection sends while bytes wait to be taken
 * in is no sign: the library may have called back the program, which sends what it likes.
 */
static __always_inline void note_tls(const struct connection *connection, __u32 direction)
{
	struct tls_thread *thread;

	if (connection->verdict != VERDICT_TLS)
		return;
	thread = bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread || (!thread->call.s && direction != FF_RECEIVED))
		return;
	if (thread->call.s && direction == FF_SENT) {
		thread->call.sent_ns = bpf_ktime_get_ns();
		if (thread->received && thread->connection != connection->id)
			thread->call.inside = TLS_INSIDE_NO_SIGN;
	}
	if (thread->call.s && thread->call.inside == TLS_INSIDE_NO_SIGN)
		return;
	thread->connection = connection->id;
	thread->met_ns = connection->met_ns;
	thread->from_start = connection->from_start;
	if (thread->call.s)
		thread->call.inside = TLS_INSIDE_MOVED;
	else
		thread->received = 1;
}

#endif
