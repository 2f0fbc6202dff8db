// A plugin for corners: burns the CPU in a function whose name is given at build time.
#include <time.h>

static volatile unsigned sink;

__attribute__((noinline, noclone)) void PLUGIN_FUNCTION(double length) {
    struct timespec begin, time;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        for (unsigned i = 0; i < 20000; ++i) sink = sink + 1;
        clock_gettime(CLOCK_MONOTONIC, &time);
    } while ((double)(time.tv_sec - begin.tv_sec) + (double)(time.tv_nsec - begin.tv_nsec) * 1e-9 < length);
}

void burn(double length) {
    PLUGIN_FUNCTION(length);
    sink = sink + 1;
}
