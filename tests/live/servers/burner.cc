// A program whose use of time is known: burns the CPU in known shares and waits in known ways, and says on stdout, as JSON,
// how long it really did each, by its own clocks. Built without frame pointers. For the live tests of stacks.
//
//   burner [SECONDS [DEPTH]]     DEPTH: of the recursion that burns, 60
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <thread>

namespace {

std::atomic<bool> ending{false};
volatile unsigned sink;

double seconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void pause_for(double length) {
    timespec wanted{0, static_cast<long>(length * 1e9)};
    nanosleep(&wanted, nullptr);
}

// --- on the CPU -----------------------------------------------------------------------------------------------------

// step: another one for each caller, or the compiler would fold them into one function.
__attribute__((always_inline)) inline void spin(double length, unsigned step) {
    const double end = seconds(CLOCK_THREAD_CPUTIME_ID) + length;
    while (seconds(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (unsigned i = 0; i < 20'000; ++i) sink = sink + step;
    }
}

__attribute__((noinline)) void burn_half(double length) { spin(length, 1); }

__attribute__((noinline)) void burn_tail_called(double length) { spin(length, 2); }
// Leaves no frame of its own: it jumps.
__attribute__((noinline)) void calls_by_tail(double length) { burn_tail_called(length); }

__attribute__((always_inline)) inline void burn_inlined(double length) { spin(length, 3); }
__attribute__((noinline)) void holds_inlined(double length) { burn_inlined(length); }

// Big frames, aligned ones and variable ones, so that every kind of unwinding rule is in the way.
__attribute__((noinline)) unsigned recurse(unsigned depth) {
    alignas(64) volatile unsigned char room[192];
    room[depth % sizeof room] = static_cast<unsigned char>(depth);
    if (depth == 0) {
        burn_half(0.010);
        calls_by_tail(0.006);
        holds_inlined(0.004);
        return 0;
    }
    auto* variable = static_cast<volatile unsigned char*>(__builtin_alloca(16 + depth % 64));
    variable[0] = room[0];
    return recurse(depth - 1) + variable[0];
}

struct Burnt {
    double half = 0;
    double tail = 0;
    double inlined = 0;
};

Burnt burn(unsigned depth) {
    pthread_setname_np(pthread_self(), "burning");
    const double begin = seconds(CLOCK_THREAD_CPUTIME_ID);
    while (!ending) recurse(depth);
    const double all = seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
    return {all * 0.5, all * 0.3, all * 0.2};
}

// --- waiting --------------------------------------------------------------------------------------------------------

__attribute__((noinline)) double sleep_a_while() {
    const double begin = seconds(CLOCK_MONOTONIC);
    pause_for(0.011);
    return seconds(CLOCK_MONOTONIC) - begin;
}

double keep_sleeping() {
    pthread_setname_np(pthread_self(), "sleeping");
    double all = 0;
    while (!ending) all += sleep_a_while();
    return all;
}

std::mutex contended;

void keep_holding() {
    pthread_setname_np(pthread_self(), "holding");
    while (!ending) {
        {
            const std::lock_guard hold(contended);
            pause_for(0.013);
        }
        pause_for(0.001);
    }
}

double keep_locking() {
    pthread_setname_np(pthread_self(), "locking");
    double all = 0;
    while (!ending) {
        const double begin = seconds(CLOCK_MONOTONIC);
        contended.lock();
        all += seconds(CLOCK_MONOTONIC) - begin;
        contended.unlock();
        pause_for(0.002);
    }
    return all;
}

// Reads one byte after the other from a descriptor that somebody feeds.
double keep_reading(const char* name, int fd) {
    pthread_setname_np(pthread_self(), name);
    double all = 0;
    char byte = 0;
    for (;;) {
        const double begin = seconds(CLOCK_MONOTONIC);
        const bool more = read(fd, &byte, 1) == 1;
        all += seconds(CLOCK_MONOTONIC) - begin;
        if (!more) return all;
    }
}

void keep_feeding(int pipe_end, int socket_end) {
    pthread_setname_np(pthread_self(), "feeding");
    while (!ending) {
        pause_for(0.017);
        if (write(pipe_end, "x", 1) != 1 || write(socket_end, "x", 1) != 1) abort();
    }
    close(pipe_end);
    close(socket_end);
}

}  // namespace

int main(int count, char** words) {
    const double length = count > 1 ? strtod(words[1], nullptr) : 3;
    const unsigned depth = count > 2 ? static_cast<unsigned>(strtoul(words[2], nullptr, 10)) : 60;
    int pipes[2];
    int sockets[2];
    if (pipe(pipes) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return 1;
    Burnt burnt;
    double slept = 0;
    double locked = 0;
    double read_pipe = 0;
    double read_socket = 0;
    std::thread threads[] = {
        std::thread([&] { burnt = burn(depth); }),
        std::thread([&] { slept = keep_sleeping(); }),
        std::thread(keep_holding),
        std::thread([&] { locked = keep_locking(); }),
        std::thread([&] { read_pipe = keep_reading("reading", pipes[0]); }),
        std::thread([&] { read_socket = keep_reading("receiving", sockets[0]); }),
        std::thread(keep_feeding, pipes[1], sockets[1]),
    };
    pause_for(length - static_cast<long>(length));
    sleep(static_cast<unsigned>(length));
    ending = true;
    for (std::thread& thread : threads) thread.join();
    printf("{\"cpu\": {\"burn_half\": %.4f, \"burn_tail_called\": %.4f, \"holds_inlined\": %.4f},\n", burnt.half, burnt.tail,
           burnt.inlined);
    printf(" \"waits\": {\"sleeping\": {\"sleep\": %.4f}, \"locking\": {\"lock\": %.4f}, \"reading\": {\"io\": %.4f}, ",
           slept, locked, read_pipe);
    printf("\"receiving\": {\"network\": %.4f}}}\n", read_socket);
    return 0;
}
