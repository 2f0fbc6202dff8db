/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The sockets probe before Linux 6.3: everything from the exit of the system call, of which the registers still hold the
 * arguments. It goes on from sockets.bpf.c.
 */
#ifndef FOOTFALL_PROBES_SYSCALL_EXIT_H
#define FOOTFALL_PROBES_SYSCALL_EXIT_H

/* The socket behind a descriptor of the running process, or NULL. */
static __always_inline const struct socket *socket_of(long fd)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	const struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	const struct file *file;
	struct file **slot;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	slot = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), slot + fd) || !file)
		return NULL;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return BPF_CORE_READ(file, private_data);
}

/* Not inline, as are the two below, for the stack: a fresh connection is half of what a call chain may have. */
static __noinline struct connection *known_connection(const struct socket *socket, const struct sock *sk, bool make)
{
	__u64 inode = BPF_CORE_READ(socket, file, f_inode, i_ino), address = (__u64)sk;
	struct known_connection *known = bpf_map_lookup_elem(&connections_by_address, &address);
	struct known_connection fresh = {.inode = inode, .connection.socket = address};

	if (known && known->inode == inode)
		return &known->connection;
	if (!make || bpf_map_update_elem(&connections_by_address, &address, &fresh, BPF_ANY))
		return NULL;
	known = bpf_map_lookup_elem(&connections_by_address, &address);
	return known ? &known->connection : NULL;
}

static __noinline int on_exit(const struct call_registers *registers, long fd, __u32 direction, long result)
{
	struct moved moved = {.length = result, .direction = direction, .thread = bpf_get_current_pid_tgid()};
	const struct socket *socket = socket_of(fd);
	struct connection *connection;
	const struct sock *sk;

	if (!socket)
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	connection = known_connection(socket, sk, result > 0);
	if (!connection) {
		if (result > 0)
			count(FF_DROP_NO_CONNECTION_STATE);
		return 0;
	}
	if (result == 0 && direction == FF_SENT)
		return 0;
	if (result < 0) {
		tell_closed(connection, close_reason_of(-result), 0);
		return 0;
	}
	if (is_ignored(connection)) {
		if (result == 0 && connection->verdict == VERDICT_TLS)
			tell_closed(connection, FF_CLOSE_PEER, FF_CLOSED_HALF);
		else if (notes_tls)
			note_encrypted(connection, direction);
		return 0;
	}
	if (result > 0)
		moved.buffers = buffers_of_call(registers, 0);
	moved.sequence = connection->is_tcp || !connection->id ? tcp_sequence(sk, direction) : 0;
	heed_refusal(connection);
	if (may_turn_to_tls(connection, direction))
		turn_to_tls(connection, &moved);
	observe(connection, &moved);
	if (notes_tls)
		note_encrypted(connection, direction);
	return 0;
}

/* All messages of a batch have moved by now, each with its length in its header. */
#define BATCH_MOST 16

static __always_inline __u32 batch_length(const struct mmsghdr *vector, __u32 entry)
{
	__u32 length = 0;

	bpf_probe_read_user(&length, sizeof(length), &vector[entry].msg_len);
	return length;
}

static __noinline int on_batch_exit(const struct call_registers *registers, long fd, __u32 direction, long messages)
{
	const struct mmsghdr *vector = (const struct mmsghdr *)registers->arguments[1];
	const struct socket *socket = socket_of(fd);
	__u32 i, sequence, behind = 0;
	struct connection *connection;
	const struct sock *sk;

	if (!socket || messages <= 0)
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	connection = known_connection(socket, sk, true);
	if (!connection || is_ignored(connection))
		return 0;
	/* TCP stands behind the last message already. */
	sequence = tcp_sequence(sk, direction);
	for (i = 0; i < BATCH_MOST && i < messages; i++)
		behind += batch_length(vector, i);
	for (i = 0; i < BATCH_MOST; i++) {
		struct moved moved = {.direction = direction, .thread = bpf_get_current_pid_tgid()};
		struct mmsghdr header;

		if (i >= messages || bpf_probe_read_user(&header, sizeof(header), vector + i))
			break;
		moved.buffers.vector = header.msg_hdr.msg_iov;
		moved.buffers.vector_length = header.msg_hdr.msg_iovlen;
		moved.length = header.msg_len;
		behind -= moved.length;
		moved.behind = behind;
		moved.sequence = sequence - behind;
		if (moved.length)
			observe(connection, &moved);
	}
	return 0;
}

/* A failure is worth a look only where it ends the connection. */
static __always_inline bool is_worth_a_look(long result)
{
	return result >= 0 || ends_connection(result);
}

static __always_inline bool is_peek(const struct call_registers *registers)
{
	long flags = registers->number == SYSCALL_RECVFROM  ? registers->arguments[3]
	             : registers->number == SYSCALL_RECVMSG ? registers->arguments[2]
	                                                    : 0;

	return flags & (MSG_PEEK | MSG_ERRQUEUE);
}

/* Processes that were seen to use io_uring, told once. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} io_uring_users SEC(".maps");

/* Its exit says nothing of sockets, so this is of the process, not of a connection. */
static __always_inline void tell_io_uring(__u32 pid)
{
	struct ff_blind_event *event;
	__u8 told = 1;

	if (bpf_map_update_elem(&io_uring_users, &pid, &told, BPF_NOEXIST))
		return;
	count(FF_COUNT_IO_URING);
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!begin_event((void *)event, FF_EVENT_BLIND, sizeof(*event)))
		return;
	event->connection = 0;
	event->pid = pid;
	event->reason = FF_BLIND_IO_URING;
	submit_event(event);
}

static __always_inline int direction_of(long number)
{
	switch (number) {
	case SYSCALL_READ:
	case SYSCALL_READV:
	case SYSCALL_PREADV2:
	case SYSCALL_RECVFROM:
	case SYSCALL_RECVMSG:
	case SYSCALL_RECVMMSG:
	case SYSCALL_SPLICE:
		return FF_RECEIVED;
	case SYSCALL_WRITE:
	case SYSCALL_WRITEV:
	case SYSCALL_PWRITEV2:
	case SYSCALL_SENDTO:
	case SYSCALL_SENDMSG:
	case SYSCALL_SENDMMSG:
	case SYSCALL_SENDFILE:
		return FF_SENT;
	default:
		return -1;
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exited, struct pt_regs *regs, long result)
{
	struct call_registers registers;
	int direction;
	long fd;

	if (!is_watched_process(bpf_get_current_pid_tgid() >> 32) || !is_worth_a_look(result))
		return 0;
	load_registers(&registers, regs);
	if (registers.number == SYSCALL_IO_URING_ENTER) {
		tell_io_uring(bpf_get_current_pid_tgid() >> 32);
		return 0;
	}
	direction = direction_of(registers.number);
	if (direction < 0 || is_peek(&registers))
		return 0;
	fd = (int)registers.arguments[0];
	if (is_batch(registers.number)) {
		on_batch_exit(&registers, fd, direction, result);
		return 0;
	}
	/* splice moves from the first descriptor to the third argument; either may be the socket. */
	if (registers.number == SYSCALL_SPLICE && !socket_of(fd)) {
		fd = (int)registers.arguments[2];
		direction = FF_SENT;
	}
	on_exit(&registers, fd, direction, result);
	return 0;
}

#endif
