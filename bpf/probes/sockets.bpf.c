// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The sockets probe: what watched processes send and receive on stream sockets.
 *
 * On kernels >= 6.3 two tracepoints fire inside of every socket call, after the copy, with the socket and the length in
 * hand (commit 6e6eda44b939, "sock: add tracepoint for send recv length"). Older kernels have only the exit of the system
 * call, which every other call of the host passes too (syscall_exit.h). The agent loads one set or the other.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/lib/observe.h"
#include "bpf/lib/tls_thread.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD   0x00200000
#define MSG_PEEK     0x2
#define MSG_TRUNC    0x20
#define MSG_ERRQUEUE 0x2000
#define EPIPE        32
#define ECONNRESET   104
#define ETIMEDOUT    110

const volatile __u8 notes_tls; /* 1: the kernel has what lib/tls_thread.h needs */
__u8 tls_probed;               /* enum ff_tls_probed. The agent writes */

/* State of connections where the hook hands out a socket that the verifier trusts … */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

/* … and where it does not: by the socket's address, checked against its inode. */
struct known_connection {
	__u64 inode;
	struct connection connection;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct known_connection);
} connections_by_address SEC(".maps");

static __always_inline struct connection *find_connection(struct sock *sk, bool make)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sk, NULL, make ? BPF_SK_STORAGE_GET_F_CREATE : 0);

	if (connection)
		connection->socket = (__u64)sk;
	return connection;
}

static __always_inline __u32 close_reason_of(long error)
{
	return error == ETIMEDOUT ? FF_CLOSE_TIMEOUT : FF_CLOSE_RESET;
}

/*
 * sendmmsg and recvmmsg move one message after the other, and the hook fires for each: which one is this? The count starts
 * again with another vector, and after whatever ends a call: its last entry, or an error.
 */
static __always_inline __u32 batch_entry(struct connection *connection, __u32 direction,
                                         const struct call_registers *registers)
{
	const void *vector = (const void *)registers->arguments[1];
	__u32 entry = 0;

	direction &= 1;
	if (connection->batch[direction] == vector)
		entry = connection->batch_next[direction];
	connection->batch[direction] = vector;
	connection->batch_next[direction] = entry + 1;
	if (entry + 1 >= registers->arguments[2])
		connection->batch[direction] = NULL;
	return entry;
}

static __always_inline bool is_batch(long number)
{
	return number == SYSCALL_SENDMMSG || number == SYSCALL_RECVMMSG;
}

static __always_inline bool ends_connection(long result)
{
	return result == -ECONNRESET || result == -EPIPE || result == -ETIMEDOUT;
}

/* By a cast that costs nothing (Linux 6.2, commit a35b9af4ec2c). What it reads of a socket that is not TCP's is not used. */
static __always_inline __u32 sequence_of(struct sock *sk, __u32 direction)
{
	const struct tcp_sock *tcp = bpf_core_cast(sk, struct tcp_sock);

	return direction == FF_RECEIVED ? tcp->copied_seq : tcp->write_seq;
}

static __always_inline void note_encrypted(const struct connection *connection, __u32 direction)
{
	note_tls(connection, direction);
	if (tls_probed >= FF_TLS_GO_PROBED && direction == FF_RECEIVED)
		note_goroutine(connection, tls_probed == FF_TLS_GO_STACK_PROBED);
}

/* So far into a stream, TLS is agreed on; later, nobody looks for it. */
#define STARTTLS_WITHIN 65536

static __always_inline bool may_turn_to_tls(const struct connection *connection, __u32 direction)
{
	return notes_tls && tls_probed && connection->id && connection->position[direction & 1] < STARTTLS_WITHIN;
}

/*
 * A connection that speaks something else, until it goes on in TLS (STARTTLS): the call that moves the first record is one
 * of the TLS library. Its header alone may be read first (RFC 8446 §5.1: type, version 3.x, length).
 */
static __noinline int turn_to_tls(struct connection *connection, const struct moved *moved)
{
	struct tls_thread *thread = bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), NULL, 0);
	struct front front = {};

	if (!thread || !thread->call.s || peek_front(&front, &moved->buffers, moved->length) < 3)
		return 0;
	if (front.bytes[0] < 20 || front.bytes[0] > 23 || front.bytes[1] != 3 || front.bytes[2] > 4)
		return 0;
	connection->verdict = VERDICT_TLS;
	tell_blind(connection, FF_BLIND_TLS);
	return 0;
}

/* Of TLS, nobody counts the bytes that pass the socket; and its library may hold plaintext that was not read yet. */
static __always_inline void on_end_of_stream(struct connection *connection, struct moved *nothing)
{
	if (connection->verdict == VERDICT_TLS)
		tell_closed(connection, FF_CLOSE_PEER, FF_CLOSED_HALF);
	else
		observe(connection, nothing);
}

/*
 * End of file, an error, or nothing yet. Returns at once in the usual case: a non-blocking socket with nothing to read. A
 * batch ends with any error.
 */
static __always_inline void on_no_bytes(struct sock *sk, __u32 direction, int result, const struct call_registers *registers)
{
	struct moved nothing = {.direction = direction, .thread = bpf_get_current_pid_tgid()};
	struct connection *connection;

	if ((result != 0 || direction == FF_SENT) && !ends_connection(result) && !is_batch(registers->number))
		return;
	connection = find_connection(sk, false);
	if (!connection)
		return;
	connection->batch[direction & 1] = NULL;
	nothing.sequence = connection->is_tcp ? sequence_of(sk, direction) : 0;
	if (result == 0 && direction == FF_RECEIVED)
		on_end_of_stream(connection, &nothing);
	else if (ends_connection(result))
		tell_closed(connection, close_reason_of(-result), 0);
}

static __always_inline __u64 thread_of(const struct task_struct *task)
{
	return (__u64)task->tgid << 32 | (__u32)task->pid;
}

/* io_uring moves bytes in its own threads, in its own call, or as task work once another call is over. */
static __always_inline bool is_by_io_uring(const struct task_struct *task, const struct call_registers *registers)
{
	return task->flags & (PF_IO_WORKER | PF_KTHREAD) || registers->number == SYSCALL_IO_URING_ENTER ||
	       registers->result != -ENOSYS;
}

static __always_inline int on_length(struct sock *sk, __u32 direction, int result, int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct moved moved = {.length = result, .direction = direction, .thread = thread_of(task)};
	struct call_registers registers;
	struct connection *connection;
	bool by_io_uring;

	if (!is_watched_process(task->tgid) || flags & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	load_registers(&registers, (struct pt_regs *)bpf_task_pt_regs(task));
	if (result <= 0) {
		on_no_bytes(sk, direction, result, &registers);
		return 0;
	}
	connection = find_connection(sk, true);
	if (!connection) {
		count(FF_DROP_NO_CONNECTION_STATE);
		return 0;
	}
	if (is_ignored(connection)) {
		if (notes_tls)
			note_encrypted(connection, direction);
		return 0;
	}
	by_io_uring = is_by_io_uring(task, &registers);
	if (by_io_uring)
		count(FF_COUNT_IO_URING);
	else if (!(flags & MSG_TRUNC))
		moved.buffers = buffers_of_call(
			&registers, is_batch(registers.number) ? batch_entry(connection, direction, &registers) : 0);
	moved.sequence = sequence_of(sk, direction);
	if (may_turn_to_tls(connection, direction))
		turn_to_tls(connection, &moved);
	observe_usual(connection, &moved);
	if (notes_tls)
		note_encrypted(connection, direction);
	if (by_io_uring && !is_ignored(connection))
		tell_blind(connection, FF_BLIND_IO_URING);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(socket_sent, struct sock *sk, int result, int flags)
{
	return on_length(sk, FF_SENT, result, flags);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(socket_received, struct sock *sk, int result, int flags)
{
	return on_length(sk, FF_RECEIVED, result, flags);
}

/*
 * splice() from a socket passes by sock_recv_length; this is the one tracepoint on its way that knows the socket. It fires
 * at every other receive too, so the agent attaches it only once FF_COUNT_UNSEEN says that somebody splices.
 */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(socket_spliced, struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct moved moved = {.direction = FF_RECEIVED, .thread = thread_of(task)};
	struct connection *connection;

	if (!is_watched_process(task->tgid) || regs->orig_ax != SYSCALL_SPLICE)
		return 0;
	connection = find_connection(sk, false);
	if (!connection || is_ignored(connection))
		return 0;
	moved.sequence = sequence_of(sk, FF_RECEIVED);
	moved.length = unseen_bytes(connection, FF_RECEIVED, 0, moved.sequence);
	if (moved.length)
		observe_without_bytes(connection, &moved);
	return 0;
}

/* What was spliced since the last message is known by its number at the latest when the socket closes. */
static __always_inline void tell_unseen(struct connection *connection, const struct sock *sk)
{
	struct moved rest = {.direction = FF_RECEIVED, .sequence = tcp_sequence(sk, FF_RECEIVED)};

	rest.length = unseen_bytes(connection, FF_RECEIVED, 0, rest.sequence);
	if (!rest.length || !connection->announced)
		return;
	count(FF_COUNT_UNSEEN);
	observe_without_bytes(connection, &rest);
}

/* What has its name from now on is another connection. */
static __noinline int forget_place(const struct connection *connection)
{
	__u64 id = connection->id; /* older verifiers (6.1) want a key on the stack */

	return bpf_map_delete_elem(&rustls_places, &id);
}

/* The application has shut it down at most, and not closed it. */
static __always_inline bool is_held(const struct sock *sk)
{
	return !(BPF_CORE_READ(sk, __sk_common.skc_flags) & (1UL << SOCK_DEAD));
}

static __always_inline void on_state(struct connection *connection, const struct sock *sk, int new_state)
{
	int error = BPF_CORE_READ(sk, sk_err);

	if (!connection || (is_ignored(connection) && connection->verdict != VERDICT_TLS))
		return;
	if (new_state != TCP_FIN_WAIT1 && new_state != TCP_LAST_ACK && new_state != TCP_CLOSE)
		return;
	if (!is_ignored(connection))
		tell_unseen(connection, sk);
	else if (notes_tls)
		forget_place(connection);
	if (new_state == TCP_CLOSE)
		tell_closed(connection, error ? close_reason_of(error) : FF_CLOSE_LOCAL,
		            is_held(sk) ? FF_CLOSED_HELD : FF_CLOSED_GONE);
	else
		tell_closed(connection, FF_CLOSE_LOCAL, FF_CLOSED_HALF);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_state_changed, struct sock *sk, int old_state, int new_state)
{
	if (new_state == TCP_SYN_SENT) { /* a socket that was closed may be connected again */
		bpf_sk_storage_delete(&connections, sk);
		return 0;
	}
	on_state(find_connection(sk, false), sk, new_state);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_state_by_address, struct sock *sk, int old_state, int new_state)
{
	__u64 address = (__u64)sk;
	struct known_connection *known = bpf_map_lookup_elem(&connections_by_address, &address);

	if (!known)
		return 0;
	on_state(&known->connection, sk, new_state);
	if (new_state == TCP_CLOSE)
		bpf_map_delete_elem(&connections_by_address, &address);
	return 0;
}

#include "syscall_exit.h"
