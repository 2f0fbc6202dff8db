/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the sockets probe reports: connections, the messages on them, and their ends.
 *
 * A connection is one end of a stream socket (TCP or Unix), as its owner sees it. A message is what one system call moved
 * in one direction; a stream is all messages of one direction, each byte with a position.
 */
#ifndef FOOTFALL_CONTRACT_SOCKET_EVENTS_H
#define FOOTFALL_CONTRACT_SOCKET_EVENTS_H

#include "event.h"

#define FF_UNIX_PATH_LENGTH 108 /* sockaddr_un.sun_path */
#define FF_MESSAGE_TAIL     64  /* bytes kept of the end of a message that is not captured whole */

#define FF_PROTOCOL_LIMIT     32           /* of the numbers in protocols.def */
#define FF_REFUSED_PLAINTEXT  (1ULL << 63) /* beside a connection's id: what it says in TLS, as the agent refuses it */
#define FF_PROTOCOL_UNDECIDED 0xff         /* the first bytes of the connection, too few to tell what it speaks */

enum ff_direction {
	FF_RECEIVED = 0, /* the application read it */
	FF_SENT = 1,     /* the application handed it to the kernel */
};

/* The first sight of a connection; sent before its first message, and again if that one was lost. */
struct ff_connection_event {
	struct ff_event event;
	__u64 connection; /* an id that no other connection has while this footfall runs */
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u32 netns;    /* inode of the network namespace */
	__u32 peer_pid; /* Unix sockets: who connected or listens; else 0 */
	__u32 peer_uid;
	__u16 family;     /* AF_INET, AF_INET6 (never for mapped IPv4), AF_UNIX */
	__u16 local_port; /* host order */
	__u16 peer_port;
	__u16 opened_before; /* 1: bytes had already passed when footfall first saw it */
	__u8 local[16];      /* IPv4: the first 4 bytes; network order */
	__u8 peer[16];
	char comm[FF_COMM_LENGTH];
	char path[FF_UNIX_PATH_LENGTH]; /* Unix sockets: the bound path of either end, "@…" for abstract ones */
	__u32 inode;                    /* of the socket, as /proc/net/unix has it */
};
FF_ASSERT_SIZE(struct ff_connection_event, 216);

/*
 * How a thread has fared so far, as the kernel's scheduler counts: what it did between two messages is the difference.
 * cpu_ns is off by the same few microseconds in all of a thread's; it may step back by as much where it changes its CPU.
 */
struct ff_thread_times {
	__u64 cpu_ns;    /* that it has run; 0: nobody asked, and the rest is undefined */
	__u64 queued_ns; /* that it could have run and had no CPU */
	__u64 run_ns;    /* since it last came to a CPU, after a wait or a preemption */
	__u32 sleeps;    /* how often it went to wait for something; wraps around */
	__u32 preempted; /* how often it had to leave its CPU; wraps around */
};
FF_ASSERT_SIZE(struct ff_thread_times, 32);

/*
 * One message. Behind the struct stand its first `captured` bytes and then its last `tail` bytes; together they are never
 * more than `length`.
 */
struct ff_message_event {
	struct ff_event event;
	__u64 connection;
	__u64 position; /* of its first byte; a jump means bytes that no event carries (lost, or moved by splice) */
	__u32 length;   /* bytes that the call moved; 0: end of stream was read */
	__u32 captured;
	__u32 pid;
	__u32 tid;
	__u8 tail;
	__u8 protocol;   /* by protocols.def: what the connection's bytes look like, or FF_PROTOCOL_UNDECIDED */
	__u8 direction;  /* enum ff_direction */
	__u8 unreadable; /* 1: payload could not be read where it was expected (named in the drop counters) */
	__u32 gathered;  /* the kernel side's own: how far it has come through a vector of buffers */
	struct ff_thread_times thread;
};
FF_ASSERT_SIZE(struct ff_message_event, 88);

enum ff_close_reason {
	FF_CLOSE_LOCAL = 1,   /* the application closed or shut it down */
	FF_CLOSE_PEER = 2,    /* the peer sent FIN */
	FF_CLOSE_RESET = 3,   /* a reset was received, or an operation failed with ECONNRESET/EPIPE */
	FF_CLOSE_TIMEOUT = 4, /* the kernel gave up on the peer */
};

/* How much of a connection has ended. */
enum ff_close_extent {
	FF_CLOSED_HALF = 0, /* one direction */
	FF_CLOSED_GONE = 1, /* all of it, and its socket is gone: no more events of this connection */
	FF_CLOSED_HELD = 2, /* all of it; the application has the socket still, and may read what came before */
};

struct ff_close_event {
	struct ff_event event;
	__u64 connection;
	__u32 reason; /* enum ff_close_reason */
	__u32 extent; /* enum ff_close_extent */
	/* By direction: how many bytes had passed, as messages count them. 0: not known. Raw files may end in front of it.
	 */
	__u64 position[2];
};
FF_ASSERT_SIZE(struct ff_close_event, 48);

enum ff_blind_reason {
	FF_BLIND_TLS = 1, /* the first bytes are a TLS record; unless FF_EVENT_PLAINTEXT follows, it stays unread */
	/* 2 was HTTP/2, which is read now */
	FF_BLIND_IO_URING = 3, /* data was moved by io_uring, where its buffer is not at hand */
	FF_BLIND_UNKNOWN = 4,  /* what passes looks like none of the protocols that are read */
	FF_BLIND_REASONS = 5,
};

/* Traffic that is there and can't be read; once per connection and reason, or per process (connection 0). */
struct ff_blind_event {
	struct ff_event event;
	__u64 connection;
	__u32 pid;
	__u32 reason; /* enum ff_blind_reason */
};
FF_ASSERT_SIZE(struct ff_blind_event, 32);

/*
 * From now on, messages of this connection are what its process handed to its TLS library, or got from it: their positions
 * count plaintext, from 0. What was told of its bytes before is void.
 */
struct ff_plaintext_event {
	struct ff_event event;
	__u64 connection;
	__u32 pid;
	__u32 opened_before; /* 1: plaintext may have passed before the first that is seen */
};
FF_ASSERT_SIZE(struct ff_plaintext_event, 32);

#endif
