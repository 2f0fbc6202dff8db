/*
 * napper N: calls functions that take a known time, N times each, and some that never return to where they were called.
 * Prints how many seconds it took, which is more than 10 ms a nap where the host is busy.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CALLED __attribute__((noinline, noclone))

static volatile int sink;
static jmp_buf back;

CALLED void naps_10ms(int x) {
    struct timespec pause = {0, 10000000};

    if (x >= 0) nanosleep(&pause, NULL);
    sink = x;
}

CALLED int recurses(int depth) {
    if (depth == 0) naps_10ms(depth);
    return depth > 0 ? recurses(depth - 1) + sink : 0;
}

CALLED void jumps_away(int x) {
    if (x >= 0) longjmp(back, 1);
    sink = x;
}

CALLED int is_short(int x) { return x > 0 ? x : sink; }

static void leave_by_jump(int x) {
    if (setjmp(back) == 0) jumps_away(x);
}

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char** argv) {
    int i, n = argc > 1 ? atoi(argv[1]) : 1;
    double begin = now();

    for (i = 0; i < n; i++) {
        leave_by_jump(i);
        sink = recurses(4);
        sink = is_short(i);
    }
    printf("took %.6f\n", now() - begin);
    return 0;
}
