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
	SYSCALL_PREADV2 = 327,
	SYSCALL_PWRITEV2 = 328,
	SYSCALL_IO_URING_ENTER = 426,
};

/* The caller's buffers: one address, or a vector of them. Both absent: the bytes never were in the caller's memory. */
struct user_buffers {
	const void *single;
	const struct iovec *vector;
	__u32 vector_length;
};

#define ENOSYS 38

/* The registers of a call, copied once. */
struct call_registers {
	long number;
	long result; /* -ENOSYS while the call is running (arch/x86/entry/entry_64.S) */
	unsigned long arguments[4];
};

/* From registers that the verifier trusts, by plain loads. */
static __always_inline void load_registers(struct call_registers *to, const struct pt_regs *regs)
{
	to->number = regs->orig_ax;
	to->result = regs->ax;
	to->arguments[0] = PT_REGS_PARM1_SYSCALL(regs);
	to->arguments[1] = PT_REGS_PARM2_SYSCALL(regs);
	to->arguments[2] = PT_REGS_PARM3_SYSCALL(regs);
	to->arguments[3] = PT_REGS_PARM4_SYSCALL(regs);
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
static __always_inline struct user_buffers buffers_of_call(const struct call_registers *registers, __u32 entry)
{
	struct user_buffers buffers = {};
	const void *second = (const void *)registers->arguments[1];

	switch (registers->number) {
	case SYSCALL_READ:
	case SYSCALL_WRITE:
	case SYSCALL_SENDTO:
	case SYSCALL_RECVFROM:
		buffers.single = second;
		break;
	case SYSCALL_READV:
	case SYSCALL_WRITEV:
	case SYSCALL_PREADV2:
	case SYSCALL_PWRITEV2:
		buffers.vector = second;
		buffers.vector_length = registers->arguments[2];
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
