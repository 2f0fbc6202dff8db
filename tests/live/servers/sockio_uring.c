// io_uring by its raw system calls: one operation at a time on one small ring.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sockio.h"

struct uring {
    int fd;
    char* submissions;
    char* completions;
    struct io_uring_sqe* entries;
    struct io_uring_params params;
};

static char* map(int fd, size_t size, off_t offset) {
    void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    if (memory == MAP_FAILED) fail("mmap of io_uring");
    return memory;
}

static struct uring open_uring(void) {
    struct uring ring = {0};
    ring.fd = (int)syscall(SYS_io_uring_setup, 2, &ring.params);
    if (ring.fd < 0) refuse("io_uring_setup is refused");
    struct io_uring_params* p = &ring.params;
    ring.submissions = map(ring.fd, p->sq_off.array + p->sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
    ring.completions = map(ring.fd, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
    ring.entries = (struct io_uring_sqe*)map(ring.fd, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
    return ring;
}

static ssize_t run(struct uring* ring, uint8_t operation, int fd, const char* bytes, size_t length) {
    struct io_uring_params* p = &ring->params;
    uint32_t* tail = (uint32_t*)(ring->submissions + p->sq_off.tail);
    uint32_t slot = *tail & *(uint32_t*)(ring->submissions + p->sq_off.ring_mask);
    ring->entries[slot] =
        (struct io_uring_sqe){.opcode = operation, .fd = fd, .addr = (uintptr_t)bytes, .len = (uint32_t)length};
    ((uint32_t*)(ring->submissions + p->sq_off.array))[slot] = slot;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) return -1;

    uint32_t* head = (uint32_t*)(ring->completions + p->cq_off.head);
    uint32_t mask = *(uint32_t*)(ring->completions + p->cq_off.ring_mask);
    int result = ((struct io_uring_cqe*)(ring->completions + p->cq_off.cqes))[*head & mask].res;
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    if (result < 0) errno = -result;
    return result < 0 ? -1 : result;
}

static struct uring* own_uring(void) {
    static _Thread_local struct uring ring;
    if (!ring.entries) ring = open_uring();
    return &ring;
}

ssize_t send_uring(int fd, const char* bytes, size_t length) { return run(own_uring(), IORING_OP_SEND, fd, bytes, length); }

ssize_t receive_uring(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    return run(own_uring(), IORING_OP_RECV, fd, buffer, length);
}
