// The ways to move bytes through a stream socket.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sockio.h"

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

size_t head_length(const char* bytes, size_t length) {
    if (length < 5 || (strncmp(bytes, "HTTP/", 5) != 0 && !memmem(bytes, smaller(length, 200), " HTTP/1.", 8))) return 0;
    const char* end = memmem(bytes, length, "\r\n\r\n", 4);
    return end ? (size_t)(end - bytes) + 4 : 0;
}

static ssize_t send_write(int fd, const char* bytes, size_t length) { return write(fd, bytes, length); }

static ssize_t receive_read(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    return read(fd, buffer, length);
}

static ssize_t send_byte(int fd, const char* bytes, size_t length) { return write(fd, bytes, smaller(length, 1)); }

static ssize_t receive_byte(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    return read(fd, buffer, smaller(length, 1));
}

// Cuts a buffer into three vectors of uneven size.
static int cut(struct iovec vectors[3], const char* bytes, size_t length) {
    size_t first = smaller(length, 7);
    size_t second = (length - first) / 2;
    size_t sizes[3] = {first, second, length - first - second};
    for (int i = 0; i < 3; bytes += sizes[i], i++) vectors[i] = (struct iovec){(char*)bytes, sizes[i]};
    return 3;
}

static ssize_t send_writev(int fd, const char* bytes, size_t length) {
    struct iovec vectors[3];
    return writev(fd, vectors, cut(vectors, bytes, length));
}

static ssize_t receive_readv(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    struct iovec vectors[3];
    return readv(fd, vectors, cut(vectors, buffer, length));
}

static ssize_t send_sendmsg(int fd, const char* bytes, size_t length) {
    struct iovec vectors[3];
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = cut(vectors, bytes, length)};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static ssize_t receive_recvmsg(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    struct iovec vectors[3];
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = cut(vectors, buffer, length)};
    return recvmsg(fd, &message, 0);
}

static ssize_t send_sendmmsg(int fd, const char* bytes, size_t length) {
    struct iovec vectors[3];
    struct mmsghdr messages[3] = {0};
    cut(vectors, bytes, length);
    for (int i = 0; i < 3; i++) messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    int count = sendmmsg(fd, messages, 3, MSG_NOSIGNAL);
    ssize_t total = 0;
    for (int i = 0; i < count; i++) total += messages[i].msg_len;
    return count < 0 ? -1 : total;
}

// Each message may come out shorter than its vector; what follows is moved up.
static ssize_t receive_recvmmsg(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    struct iovec vectors[3];
    struct mmsghdr messages[3] = {0};
    cut(vectors, buffer, length);
    for (int i = 0; i < 3; i++) messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    int count = recvmmsg(fd, messages, vectors[2].iov_len > 0 ? 3 : 1, MSG_WAITFORONE, NULL);
    ssize_t total = 0;
    for (int i = 0; i < count; total += messages[i].msg_len, i++) {
        memmove(buffer + total, vectors[i].iov_base, messages[i].msg_len);
    }
    return count < 0 ? -1 : total;
}

static ssize_t send_sendto(int fd, const char* bytes, size_t length) {
    return sendto(fd, bytes, length, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t receive_recvfrom(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    return recvfrom(fd, buffer, length, 0, NULL, NULL);
}

// Heads by write, as servers do, bodies out of a file.
static ssize_t send_sendfile(int fd, const char* bytes, size_t length) {
    size_t head = head_length(bytes, length);
    if (head > 0) return write(fd, bytes, head);
    int file = memfd_create("body", 0);
    if (file < 0 || write(file, bytes, length) != (ssize_t)length) fail("memfd");
    off_t offset = 0;
    ssize_t sent = sendfile(fd, file, &offset, length);
    close(file);
    return sent;
}

static ssize_t send_splice(int fd, const char* bytes, size_t length) {
    size_t head = head_length(bytes, length);
    if (head > 0) return write(fd, bytes, head);
    int ends[2];
    if (pipe(ends) != 0) fail("pipe");
    ssize_t filled = write(ends[1], bytes, smaller(length, 4096));
    ssize_t sent = filled > 0 ? splice(ends[0], NULL, fd, NULL, filled, 0) : -1;
    close(ends[0]);
    close(ends[1]);
    return sent;
}

static ssize_t receive_splice(int fd, char* buffer, size_t length, const char* expected) {
    size_t head = head_length(expected, length);
    if (head > 0) return read(fd, buffer, head);
    int ends[2];
    if (pipe(ends) != 0) fail("pipe");
    ssize_t got = splice(fd, NULL, ends[1], NULL, smaller(length, 4096), 0);
    if (got > 0 && read(ends[0], buffer, got) != got) fail("pipe");
    close(ends[0]);
    close(ends[1]);
    return got;
}

static ssize_t receive_peek(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    for (int i = 0; i < 2; i++) {
        if (recv(fd, buffer, length, MSG_PEEK) < 0) return -1;
    }
    return recv(fd, buffer, length, 0);
}

static ssize_t receive_waitall(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    return recv(fd, buffer, length, MSG_WAITALL);
}

static void wait_for(int fd, short events) {
    struct pollfd waiting = {.fd = fd, .events = events};
    poll(&waiting, 1, -1);
}

// A small send buffer makes the writes short, and each call is tried before it can succeed.
static ssize_t send_nonblocking(int fd, const char* bytes, size_t length) {
    int size = 16384;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ssize_t sent = write(fd, bytes, length);
    if (sent >= 0 || errno != EAGAIN) return sent;
    wait_for(fd, POLLOUT);
    return 0;
}

static ssize_t receive_nonblocking(int fd, char* buffer, size_t length, const char* expected) {
    (void)expected;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ssize_t got;
    while ((got = read(fd, buffer, length)) < 0 && errno == EAGAIN) wait_for(fd, POLLIN);
    return got;
}

const struct way ways[] = {
    {"write_read", send_write, receive_read},
    {"byte_by_byte", send_byte, receive_byte},
    {"writev_readv", send_writev, receive_readv},
    {"sendmsg_recvmsg", send_sendmsg, receive_recvmsg},
    {"sendmmsg_recvmmsg", send_sendmmsg, receive_recvmmsg},
    {"sendto_recvfrom", send_sendto, receive_recvfrom},
    {"sendfile", send_sendfile, receive_read},
    {"splice", send_splice, receive_splice},
    {"peek", send_write, receive_peek},
    {"waitall", send_write, receive_waitall},
    {"nonblocking", send_nonblocking, receive_nonblocking},
    {"io_uring", send_uring, receive_uring},
};
const int way_count = sizeof ways / sizeof *ways;
