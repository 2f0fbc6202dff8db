/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Where a system call keeps the bytes that it moves. The registers of a call stay what the caller set until it returns, so
 * both a hook inside of the call and one at its exit can find the caller's buffers.
 */
#ifndef FOOTFALL_LIB_SYSCALL_H
#define FOOTFALL_LIB_SYSCALL_H

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* arch/x86/entry/syscalls/syscall_64.tbl */
enum syscall_number {
	SYSCALL_READ = 0,
	SYSCALL_WRITE = 1,
	SYSCALL_READV = 19,
	SYSCALL_WRITEV = 20,
	SYSCALL_SENDFILE = 40,
	SYSCALL_SENDTO = 44,
	SYSCALL_RECVFROM = 45,
	SYSCALL_SENDMSG = 46,
	SYSCALL_RECVMSG = 47,
	SYSCALL_SPLICE = 275,
	SYSCALL_RECVMMSG = 299,
	SYSCALL_SENDMMSG = 307,
	SYSCALL_IO_URING_ENTER = 426,
};

/* The caller's buffers: one address, or a vector of them. Both absent: the bytes never were in the caller's memory. */
struct user_buffers {
	const void *single;
	const struct iovec *vector;
	__u32 vector_length;
};

static __always_inline long syscall_number(const struct pt_regs *regs)
{
	return BPF_CORE_READ(regs, orig_ax);
}

static __always_inline void buffers_of_header(struct user_buffers *buffers, const void *header)
{
	struct user_msghdr message;

	if (bpf_probe_read_user(&message, sizeof(message), header))
		return;
	buffers->vector = message.msg_iov;
	buffers->vector_length = message.msg_iovlen;
}

/* entry: which of the messages of sendmmsg/recvmmsg is meant. */
static __always_inline struct user_buffers buffers_of_call(const struct pt_regs *regs, long number, __u32 entry)
{
	struct user_buffers buffers = {};
	const void *second = (const void *)PT_REGS_PARM2_CORE_SYSCALL(regs);

	switch (number) {
	case SYSCALL_READ:
	case SYSCALL_WRITE:
	case SYSCALL_SENDTO:
	case SYSCALL_RECVFROM:
		buffers.single = second;
		break;
	case SYSCALL_READV:
	case SYSCALL_WRITEV:
		buffers.vector = second;
		buffers.vector_length = PT_REGS_PARM3_CORE_SYSCALL(regs);
		break;
	case SYSCALL_SENDMSG:
	case SYSCALL_RECVMSG:
		buffers_of_header(&buffers, second);
		break;
	case SYSCALL_SENDMMSG:
	case SYSCALL_RECVMMSG:
		buffers_of_header(&buffers, (const struct mmsghdr *)second + entry);
		break;
	}
	return buffers;
}

#endif
