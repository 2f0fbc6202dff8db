/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which functions of a TLS library the tls probe is attached to, as the cookie of each attachment says. */
#ifndef FOOTFALL_CONTRACT_TLS_PROBE_H
#define FOOTFALL_CONTRACT_TLS_PROBE_H

#include "event.h"

/* s: what the library keeps for a connection (SSL *). Returned numbers <= 0 are failures. */
enum ff_tls_function {
	FF_TLS_READ = 0,         /* int f(s, void *, int): how many bytes were read */
	FF_TLS_WRITE = 1,        /* int f(s, const void *, int) */
	FF_TLS_READ_EX = 2,      /* int f(s, void *, size_t, size_t *): whether they were, and there how many */
	FF_TLS_WRITE_EX = 3,     /* int f(s, const void *, size_t, size_t *) */
	FF_TLS_DO_HANDSHAKE = 4, /* int f(s) */
	FF_TLS_SENDFILE = 5,     /* ssize_t f(s, int, off_t, size_t, int): how many bytes of a file were sent */
	FF_TLS_RECV = 7,         /* int f(s, void *, int, int flags): with MSG_PEEK, they are read again */
	FF_TLS_FREE = 6,         /* void f(s): what it points to is no connection any more */
	FF_GO_WRITE = 12,        /* func (s) f([]byte) (int, error): all of it, or the connection breaks */
	FF_RUSTLS_BEGIN = 8,     /* fn f(s, …): the handshake of s is over */
	FF_RUSTLS_RECEIVED = 9,  /* fn f(s, Payload): plaintext of a record, by pointer */
	FF_RUSTLS_SEND = 10,     /* fn f(s, OutboundChunks, …) -> usize: by pointer; how many bytes were taken */
	FF_RUSTLS_WRITE = 11,    /* fn f(a buffer of s, &mut dyn Write) -> …: writes what was encrypted */
};

/* How far the sockets probe helps. */
enum ff_tls_probed {
	FF_TLS_NOT_PROBED = 0,
	FF_TLS_PROBED = 1,
	FF_TLS_GO_PROBED = 2,       /* Go programs as well */
	FF_TLS_GO_STACK_PROBED = 3, /* … also those of before Go 1.17 */
};

#define FF_TLS_LIBRARIES 256 /* that may be attached at once */

/* The function, below; the library's number in probed_since, above. */
#define FF_TLS_COOKIE(function, library) ((__u64)(library) << 8 | (function))
#define FF_TLS_COOKIE_FUNCTION(cookie)   ((cookie)&0xff)
#define FF_TLS_COOKIE_LIBRARY(cookie)    ((cookie) >> 8)

#endif
