/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The tls probe's part for rustls, a library of Rust programs; it goes on from tls.bpf.c.
 *
 * rustls moves no bytes of sockets itself. What arrives, the program reads by it (read_tls) and has worked on at once
 * (process_new_packets): so what is taken in belongs to the connection that the thread has received from last. What is sent
 * is encrypted into a buffer first, and written later (write_tls): which connection that is, is known when the socket moves
 * bytes inside of that write.
 *
 * A connection is named by the address of its CommonState, and Rust moves values: between handshake and use, usually. What
 * is encrypted under a name that is not (or no more) known waits for the write of its buffer, which lies inside of the same
 * value. Until a connection closes, its last name is the one that is valid (lib/tls_thread.h, rustls_places).
 *
 * Not seen: 0-RTT data. Not held against: a program that lets a connection change places with another one between what it
 * reads and what it writes, without a read at the new place.
 *
 * Of all structures, two arguments are looked at: what rustc makes of `enum Payload` and `enum OutboundChunks` (rustls 0.23,
 * src/msgs/base.rs, src/msgs/message/outbound.rs).
 */
#ifndef FOOTFALL_PROBES_RUSTLS_H
#define FOOTFALL_PROBES_RUSTLS_H

#define SLICES_MOST   4
#define FRONT_CHECKED 64

struct slice { /* as Rust and iovec have it */
	const void *start;
	__u64 length;
};

struct rustls_thread {
	/* The call of send_appdata_encrypt() that goes on. */
	__u64 s; /* 0: none */
	struct user_buffers buffers;
	/* What it encrypted for a connection that is not known yet: it is still in the program's buffers. */
	__u64 waiting; /* s; 0: nothing */
	__u64 length;
	struct slice slices[SLICES_MOST]; /* the first of it; a length of 0 ends them */
	__u8 front[FRONT_CHECKED];        /* … unless these are others by then */
	/* The call of write_to(). */
	__u64 writes;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct rustls_thread);
} rustls_threads SEC(".maps");

static __always_inline struct rustls_thread *rustls_thread_of(__u64 flags)
{
	return bpf_task_storage_get(&rustls_threads, bpf_get_current_task_btf(), NULL, flags);
}

static __always_inline bool is_last_place(__u64 connection, __u64 s)
{
	__u64 *place = bpf_map_lookup_elem(&rustls_places, &connection);

	return place && *place == s;
}

/* The connection was known under another name: its stream goes on under this one. */
static __noinline struct tls_stream *move_stream(const struct tls_name *name, __u64 connection)
{
	__u64 *place = bpf_map_lookup_elem(&rustls_places, &connection);
	struct tls_name old = {.pid = name->pid};
	struct tls_stream *stream;

	if (!place)
		return NULL;
	old.s = *place;
	stream = bpf_map_lookup_elem(&tls_streams, &old);
	if (!stream || stream->plain.id != connection || bpf_map_update_elem(&tls_streams, name, stream, BPF_ANY))
		return NULL;
	bpf_map_delete_elem(&tls_streams, &old);
	return bpf_map_lookup_elem(&tls_streams, name);
}

/* What has that name is the connection that the thread has moved bytes of. */
static __noinline struct tls_stream *rustls_bind(const struct tls_name *name, const struct tls_thread *thread, __u64 cookie)
{
	struct tls_stream *stream = bpf_map_lookup_elem(&tls_streams, name);
	struct tls_thread seen = {.call.cookie = cookie};
	__u64 connection = thread->connection, s = name->s;

	if (stream && stream->plain.id == connection)
		return stream;
	stream = move_stream(name, connection);
	if (!stream) {
		seen.connection = connection;
		seen.met_ns = thread->met_ns;
		seen.from_start = thread->from_start;
		stream = begin_stream(name, &seen);
	}
	bpf_map_update_elem(&rustls_places, &connection, &s, BPF_ANY);
	return stream;
}

/* The stream of what takes in bytes now, or NULL if its connection is not known (yet). */
static __noinline struct tls_stream *rustls_taking_in(const struct tls_name *name, __u64 cookie)
{
	struct tls_thread *thread = bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), NULL, 0);

	if (!thread || !thread->received)
		return bpf_map_lookup_elem(&tls_streams, name);
	thread->received = 0;
	return rustls_bind(name, thread, cookie);
}

SEC("uprobe.multi")
int rustls_began(struct pt_regs *ctx)
{
	struct tls_name name = {.s = PT_REGS_PARM1(ctx), .pid = bpf_get_current_pid_tgid() >> 32};

	if (is_watched_process(name.pid))
		rustls_taking_in(&name, bpf_get_attach_cookie(ctx));
	return 0;
}

#define LONGEST_PLAINTEXT 16384 /* of a record: RFC 8446 §5.1 */
#define LOWEST_ADDRESS    65536 /* vm.mmap_min_addr */
#define HIGHEST_ADDRESS   (1ULL << 56)

/*
 * A Vec<u8> {capacity, pointer, length}, of older compilers {pointer, capacity, length}, or a slice {niche, pointer,
 * length}: no capacity for a record is as large as an address, and no niche is one.
 */
static __always_inline const void *payload_start(const __u64 *words)
{
	return (const void *)(words[0] >= LOWEST_ADDRESS && words[0] < HIGHEST_ADDRESS ? words[0] : words[1]);
}

SEC("uprobe.multi")
int rustls_received(struct pt_regs *ctx)
{
	struct moved moved = {.thread = bpf_get_current_pid_tgid(), .direction = FF_RECEIVED};
	struct tls_name name = {.s = PT_REGS_PARM1(ctx), .pid = moved.thread >> 32};
	struct tls_stream *stream;
	__u64 words[3];

	if (!is_watched_process(name.pid))
		return 0;
	stream = rustls_taking_in(&name, bpf_get_attach_cookie(ctx));
	if (!stream || bpf_probe_read_user(words, sizeof(words), (const void *)PT_REGS_PARM2(ctx)))
		return 0;
	if (!words[2] || words[2] > LONGEST_PLAINTEXT)
		return 0;
	moved.length = words[2];
	moved.buffers.single = payload_start(words);
	observe_usual(&stream->plain, &moved);
	return 0;
}

/* Single {0, pointer, length}, or Multiple {slices, how many, start, end}. */
static __always_inline int rustls_enter(struct pt_regs *ctx)
{
	struct rustls_thread *thread;
	__u64 words[4];

	if (!is_watched_process(bpf_get_current_pid_tgid() >> 32))
		return 1;
	thread = rustls_thread_of(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count(FF_DROP_NO_CONNECTION_STATE);
		return 1;
	}
	thread->s = PT_REGS_PARM1(ctx);
	__builtin_memset(&thread->buffers, 0, sizeof(thread->buffers));
	if (bpf_probe_read_user(words, sizeof(words), (const void *)PT_REGS_PARM2(ctx)))
		return 0;
	if (!words[0]) {
		thread->buffers.single = (const void *)words[1];
	} else if (!words[2]) { /* from within a slice on, it is told of, but not read */
		thread->buffers.vector = (const struct iovec *)words[0];
		thread->buffers.vector_length = words[1];
	}
	return 0;
}

/* The list of slices is gone once the call has returned; what they point to is lent to the library until it has written. */
static __noinline int keep_waiting(struct rustls_thread *thread, __u64 s, __u64 length)
{
	const struct user_buffers *buffers = &thread->buffers;

	if (thread->waiting == s) { /* more of it: told of, not read */
		thread->length += length;
		return 0;
	}
	if (thread->waiting)
		count(FF_DROP_NO_CONNECTION_STATE);
	thread->waiting = s;
	thread->length = length;
	__builtin_memset(thread->slices, 0, sizeof(thread->slices));
	if (buffers->vector && buffers->vector_length >= SLICES_MOST)
		bpf_probe_read_user(thread->slices, sizeof(thread->slices), buffers->vector);
	else if (buffers->vector && buffers->vector_length == 3)
		bpf_probe_read_user(thread->slices, 3 * sizeof(struct slice), buffers->vector);
	else if (buffers->vector)
		bpf_probe_read_user(thread->slices, 2 * sizeof(struct slice), buffers->vector);
	else
		thread->slices[0] = (struct slice){buffers->single, length};
	bpf_probe_read_user(thread->front, BOUNDED(smaller(thread->slices[0].length, length), FRONT_CHECKED),
	                    thread->slices[0].start);
	return 0;
}

static __always_inline int rustls_leave(struct pt_regs *ctx)
{
	struct rustls_thread *thread = rustls_thread_of(0);
	struct moved moved = {.thread = bpf_get_current_pid_tgid(), .direction = FF_SENT};
	struct tls_name name = {.pid = moved.thread >> 32};
	struct tls_stream *stream;

	if (!thread || !thread->s)
		return 0;
	name.s = thread->s;
	thread->s = 0;
	moved.length = PT_REGS_RC(ctx);
	if (!moved.length)
		return 0;
	stream = bpf_map_lookup_elem(&tls_streams, &name);
	if (!stream || !is_last_place(stream->plain.id, name.s) || thread->waiting == name.s) {
		keep_waiting(thread, name.s, moved.length);
		return 0;
	}
	moved.buffers = thread->buffers;
	observe_usual(&stream->plain, &moved);
	return 0;
}

/* Are the program's buffers still what was encrypted? */
static __noinline bool is_unchanged(const struct rustls_thread *thread)
{
	__u64 now[FRONT_CHECKED / 8] = {}, then[FRONT_CHECKED / 8];
	__u64 length = BOUNDED(smaller(thread->slices[0].length, thread->length), FRONT_CHECKED);
	__u32 i;

	if (bpf_probe_read_user(now, length, thread->slices[0].start))
		return false;
	__builtin_memset(then, 0, sizeof(then));
	bpf_probe_read_kernel(then, length, thread->front);
	for (i = 0; i < FRONT_CHECKED / 8; i++) {
		if (now[i] != then[i])
			return false;
	}
	return true;
}

static __noinline int observe_waiting(struct tls_stream *stream, struct rustls_thread *thread)
{
	struct moved moved = {.thread = bpf_get_current_pid_tgid(), .direction = FF_SENT};
	__u64 left = thread->length;
	bool readable = is_unchanged(thread);
	__u32 i;

	for (i = 0; i < SLICES_MOST && readable && left; i++) {
		moved.length = smaller(thread->slices[i].length, left);
		moved.buffers.single = thread->slices[i].start;
		if (moved.length)
			observe(&stream->plain, &moved);
		left -= moved.length;
	}
	moved.length = left;
	if (left)
		observe_without_bytes(&stream->plain, &moved);
	thread->waiting = 0;
	return 0;
}

/*
 * The buffer that is written lies inside of the CommonState that waits: values do not overlap, and the whole of a connection
 * is larger than this.
 */
#define WITHIN_STATE 768

static __always_inline int rustls_enter_write(struct pt_regs *ctx)
{
	struct rustls_thread *thread = rustls_thread_of(0);
	struct tls_thread *moves;

	if (!thread || !thread->waiting || PT_REGS_PARM1(ctx) - thread->waiting >= WITHIN_STATE)
		return 1;
	moves = bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!moves)
		return 1;
	thread->writes = 1;
	moves->call.s = thread->waiting; /* so that the sockets probe notes what moves inside */
	moves->call.inside = 0;
	return 0;
}

static __always_inline int rustls_leave_write(struct pt_regs *ctx)
{
	struct tls_thread *moves = bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), NULL, 0);
	struct tls_name name = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct rustls_thread *thread = rustls_thread_of(0);
	struct tls_stream *stream;

	if (!thread || !moves || !thread->writes)
		return 0;
	thread->writes = 0;
	moves->call.s = 0;
	name.s = thread->waiting;
	if (!moves->call.inside || !name.s)
		return 0;
	stream = rustls_bind(&name, moves, bpf_get_attach_cookie(ctx));
	if (stream)
		observe_waiting(stream, thread);
	return 0;
}

static __always_inline int rustls_enter_any(struct pt_regs *ctx)
{
	if (FF_TLS_COOKIE_FUNCTION(bpf_get_attach_cookie(ctx)) == FF_RUSTLS_WRITE)
		return rustls_enter_write(ctx);
	return rustls_enter(ctx);
}

static __always_inline int rustls_leave_any(struct pt_regs *ctx)
{
	if (FF_TLS_COOKIE_FUNCTION(bpf_get_attach_cookie(ctx)) == FF_RUSTLS_WRITE)
		return rustls_leave_write(ctx);
	return rustls_leave(ctx);
}

SEC("uprobe.multi")
int rustls_entered(struct pt_regs *ctx)
{
	rustls_enter_any(ctx);
	return 0;
}

SEC("uprobe.multi")
int rustls_returned(struct pt_regs *ctx)
{
	return rustls_leave_any(ctx);
}

SEC("uprobe.multi")
int rustls_called(struct pt_regs *ctx)
{
	return bpf_session_is_return() ? rustls_leave_any(ctx) : rustls_enter_any(ctx);
}

#endif
