// Two programs with one build-id, as careless builds and liars make them: the same addresses, other functions, other frames.
//
//   twin_a SECONDS, twin_b SECONDS
#include <stdlib.h>
#include <time.h>

static volatile unsigned sink;

#define UNIQUE __attribute__((noinline, noclone))

static void spin(double length) {
    const clock_t end = clock() + (clock_t)(length * CLOCKS_PER_SEC);
    while (clock() < end) {
        for (unsigned i = 0; i < 20000; ++i) sink = sink + 1;
    }
}

#ifdef TWIN_a
UNIQUE void only_in_a(double length) {
    spin(length);
    sink = sink + 1;
}
UNIQUE void calls(double length) {
    only_in_a(length);
    sink = sink + 1;
}
#else
UNIQUE void only_in_b(double length) {
    volatile char room[3000];
    room[sink % sizeof room] = 1;
    spin(length);
    sink = sink + (unsigned)room[0];
}
UNIQUE void calls(double length) {
    volatile char room[1000];
    room[sink % sizeof room] = 1;
    only_in_b(length);
    sink = sink + (unsigned)room[0];
}
#endif

int main(int count, char** words) {
    calls(count > 1 ? strtod(words[1], NULL) : 1);
    return 0;
}
