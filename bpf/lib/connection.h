/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the kernel side remembers of a connection, and what it reads from the socket itself: who the ends are, and how many
 * bytes have passed, so that a connection which is older than footfall, or one that moves bytes out of sight (splice),
 * still has a true position for every byte.
 */
#ifndef FOOTFALL_LIB_CONNECTION_H
#define FOOTFALL_LIB_CONNECTION_H

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/contract/socket_events.h"
#include "bpf/detect/detect.h"
#include "filter.h"

#define AF_UNIX     1
#define AF_INET     2
#define AF_INET6    10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6
#define S_IFMT      0170000
#define S_IFSOCK    0140000

enum verdict {
	VERDICT_NONE = 0, /* nothing that a detector knows has passed yet */
	VERDICT_MAYBE,    /* its first bytes have, and more are needed; never kept */
	VERDICT_READ,     /* a protocol that footfall reads */
	VERDICT_IGNORE,   /* something else */
	VERDICT_TLS,      /* … namely what the agent is told of as a blind spot */
};

struct connection {
	__u64 id;
	__u64 met_ns;         /* when it was first seen */
	__u64 socket;         /* struct sock, as a number: read by helpers only, and only while a hook has it in hand */
	__u64 position[2];    /* by enum ff_direction: of the next byte */
	__u32 sequence[2];    /* TCP's own count at that position */
	__u32 since_start[2]; /* bytes since a message last started an exchange, or the other direction moved */
	const void *batch[2]; /* sendmmsg/recvmmsg: the vector of messages in progress … */
	__u32 batch_next[2];  /* … and which of them is next */
	__u32 refused;        /* bits by protocols.def: what the agent found that it does not speak after all … */
	__u8 tries;           /* messages that looked like none of the protocols, since then if there was one */
	__u8 verdict;
	__u8 protocol; /* by protocols.def; FF_PROTOCOL_UNDECIDED until the verdict is VERDICT_READ */
	__u8 messages; /* read so far, modulo 256 */
	__u8 announced;
	__u8 is_tcp;
	__u8 from_start;       /* known from the first byte of both streams */
	__u8 blind_told;       /* bits by enum ff_blind_reason */
	__u8 prefix_length[2]; /* the first bytes of a stream, while they are too few to tell */
	__u8 prefix[2][FF_DETECT_LENGTH];
};

static __always_inline bool is_ignored(const struct connection *connection)
{
	return connection->verdict >= VERDICT_IGNORE;
}

/* Ids are made here: a CPU's number above, its own count below. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} connections_made SEC(".maps");

/* By connection: bits by protocols.def of what the agent found that it does not speak. The agent writes, lib/observe.h
 * reads. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u32);
} refusals SEC(".maps");

static __always_inline __u64 next_connection_id(void)
{
	__u32 zero = 0;
	__u64 *made = bpf_map_lookup_elem(&connections_made, &zero);

	if (!made)
		return 0;
	*made += 1;
	return ((__u64)bpf_get_smp_processor_id() << 48) | *made;
}

static __always_inline bool is_stream(const struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return false;
	return family == AF_UNIX ||
	       ((family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP);
}

/* How many bytes the application has read, or handed over, since the connection was opened. */
static __always_inline __u64 tcp_position(const struct sock *sk, __u32 direction)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;

	if (direction == FF_RECEIVED)
		return BPF_CORE_READ(tcp, bytes_received) -
		       (__u32)(BPF_CORE_READ(tcp, rcv_nxt) - BPF_CORE_READ(tcp, copied_seq));
	return BPF_CORE_READ(tcp, bytes_acked) + (__u32)(BPF_CORE_READ(tcp, write_seq) - BPF_CORE_READ(tcp, snd_una));
}

/* The same, modulo 2^32 and from another start: cheap to read at every message. */
static __always_inline __u32 tcp_sequence(const struct sock *sk, __u32 direction)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;

	return direction == FF_RECEIVED ? BPF_CORE_READ(tcp, copied_seq) : BPF_CORE_READ(tcp, write_seq);
}

/*
 * At first sight, right after `length` bytes moved in `direction`. What never changes is settled here: sockets that are no
 * streams, or of other ports than those asked for, are ignored for good. A client's bytes_acked counts its SYN, so one byte
 * sent is none.
 */
static __always_inline void meet_connection(struct connection *connection, const struct sock *sk, __u32 direction,
                                            __u32 length)
{
	__u64 received, sent;

	connection->id = next_connection_id();
	connection->met_ns = bpf_ktime_get_ns();
	connection->protocol = FF_PROTOCOL_UNDECIDED;
	if (!is_stream(sk) ||
	    !is_watched_port(BPF_CORE_READ(sk, __sk_common.skc_num), bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)))) {
		connection->verdict = VERDICT_IGNORE;
		return;
	}
	connection->is_tcp = BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX;
	if (!connection->is_tcp)
		return;
	received = tcp_position(sk, FF_RECEIVED) - (direction == FF_RECEIVED ? length : 0);
	sent = tcp_position(sk, FF_SENT) - (direction == FF_SENT ? length : 0);
	connection->from_start = received == 0 && sent <= 1;
	connection->position[FF_RECEIVED] = received;
	connection->position[FF_SENT] = sent > 1 ? sent : 0;
	connection->sequence[FF_RECEIVED] = tcp_sequence(sk, FF_RECEIVED) - (direction == FF_RECEIVED ? length : 0);
	connection->sequence[FF_SENT] = tcp_sequence(sk, FF_SENT) - (direction == FF_SENT ? length : 0);
}

/*
 * Does the kernel encrypt what passes (kTLS)? Then the calls hold plaintext, and TCP counts other bytes. The library that
 * asked for it is called all the same. Not inline, for its stack.
 */
static __noinline bool is_encrypted_by_kernel(const struct connection *connection)
{
	const struct inet_connection_sock *sk = (const struct inet_connection_sock *)connection->socket;
	const struct tcp_ulp_ops *layer = BPF_CORE_READ(sk, icsk_ulp_ops);
	char name[4] = {};

	bpf_probe_read_kernel(name, sizeof(name), layer ? &layer->name : NULL);
	return name[0] == 't' && name[1] == 'l' && name[2] == 's' && !name[3];
}

/* How many bytes TCP has moved since the last look, of which `length` are accounted for. The FIN counts as one and is none.
 */
static __always_inline __u32 unseen_bytes(const struct connection *connection, __u32 direction, __u32 length, __u32 sequence)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)connection->socket;
	const struct sock *sk = (const struct sock *)connection->socket;
	__u32 unseen = sequence - connection->sequence[direction] - length;

	if (!unseen || (__s32)unseen < 0) /* another thread may have moved bytes since */
		return 0;
	/* SOCK_DONE: the FIN has come; and if nothing is left, it has been read. */
	if (direction == FF_RECEIVED &&
	    (BPF_CORE_READ(sk, __sk_common.skc_flags) & (1UL << bpf_core_enum_value(enum sock_flags, SOCK_DONE))) &&
	    BPF_CORE_READ(tcp, copied_seq) == BPF_CORE_READ(tcp, rcv_nxt))
		unseen -= 1;
	return unseen;
}

/*
 * Takes note of `length` more bytes, after which TCP stands at `sequence`, and returns the position of the first of them.
 * Bytes that TCP counted and no hook saw move the position forward.
 */
static __always_inline __u64 advance(struct connection *connection, __u32 direction, __u32 length, __u32 sequence)
{
	__u64 position = connection->position[direction];
	__u32 unseen;

	if (connection->is_tcp) {
		unseen = unseen_bytes(connection, direction, length, sequence);
		if (unseen) {
			position += unseen;
			count(FF_COUNT_UNSEEN);
		}
		connection->sequence[direction] = sequence;
	}
	connection->position[direction] = position + length;
	return position;
}

static __always_inline bool is_mapped_ipv4(const __u8 *address)
{
	const __u64 *high = (const __u64 *)address;
	const __u32 *middle = (const __u32 *)(address + 8);

	return *high == 0 && *middle == bpf_htonl(0xffff);
}

static __always_inline void read_inet_ends(struct ff_connection_event *event, const struct sock *sk, __u16 family)
{
	__u8 local[16], peer[16];

	event->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	event->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		event->family = AF_INET;
		*(__u32 *)event->local = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(__u32 *)event->peer = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		return;
	}
	BPF_CORE_READ_INTO(&local, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
	BPF_CORE_READ_INTO(&peer, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	event->family = is_mapped_ipv4(peer) ? AF_INET : AF_INET6;
	if (event->family == AF_INET) {
		__builtin_memcpy(event->local, local + 12, 4);
		__builtin_memcpy(event->peer, peer + 12, 4);
		return;
	}
	__builtin_memcpy(event->local, local, 16);
	__builtin_memcpy(event->peer, peer, 16);
}

/* The bound address: our own for a server's end, the peer's for a client's. Abstract names start with a zero byte. */
static __always_inline void read_unix_path(struct ff_connection_event *event, const struct sock *sk)
{
	const struct unix_sock *own = (const struct unix_sock *)sk;
	const struct unix_sock *other = (const struct unix_sock *)BPF_CORE_READ(own, peer);
	const struct unix_address *address = BPF_CORE_READ(own, addr);

	if (!address)
		address = BPF_CORE_READ(other, addr);
	if (!address)
		return;
	bpf_probe_read_kernel(event->path, sizeof(event->path),
	                      (const void *)address->name + offsetof(struct sockaddr_un, sun_path));
	if (event->path[0] == 0 && event->path[1] != 0)
		event->path[0] = '@';
	event->path[FF_UNIX_PATH_LENGTH - 1] = 0;
}

static __always_inline void read_unix_peer(struct ff_connection_event *event, const struct sock *sk)
{
	const struct pid *peer = BPF_CORE_READ(sk, sk_peer_pid);
	const struct cred *credentials = BPF_CORE_READ(sk, sk_peer_cred);

	event->family = AF_UNIX;
	event->inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	if (peer)
		event->peer_pid = BPF_CORE_READ(peer, numbers[0].nr);
	if (credentials)
		event->peer_uid = BPF_CORE_READ(credentials, uid.val);
	read_unix_path(event, sk);
}

/* Tells the agent who the ends are. Only a connection whose announcement reached the ring is announced. */
static __noinline int announce(struct connection *connection)
{
	const struct sock *sk = (const struct sock *)connection->socket;
	struct ff_connection_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u64 thread = bpf_get_current_pid_tgid();
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (!begin_event((void *)event, FF_EVENT_CONNECTION, sizeof(*event)))
		return 0;
	__builtin_memset((char *)event + sizeof(struct ff_event), 0, sizeof(*event) - sizeof(struct ff_event));
	event->connection = connection->id;
	event->pid = thread >> 32;
	event->tid = thread;
	event->uid = bpf_get_current_uid_gid();
	event->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	event->opened_before = connection->is_tcp && !connection->from_start;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (connection->is_tcp)
		read_inet_ends(event, sk, family);
	else
		read_unix_peer(event, sk);
	submit_event(event);
	connection->announced = 1;
	return 0;
}

#endif
