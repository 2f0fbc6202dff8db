// One of two programs that become each other every 5 ms. Neither is moved in memory, so that the same address means the one
// function in the one and another in the other.
//
//   turn_x TIMES
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned sink;

__attribute__((noinline, noclone)) void BURN(void) {
    const clock_t end = clock() + CLOCKS_PER_SEC / 200;
    while (clock() < end) {
        for (unsigned i = 0; i < 2000; ++i) sink = sink + 1;
    }
}

int main(int count, char** words) {
    const unsigned long left = count > 1 ? strtoul(words[1], NULL, 10) : 0;
    BURN();
    if (left == 0) return 0;
    char path[4096], times[24];
    snprintf(path, sizeof path, "%s", words[0]);
    snprintf(times, sizeof times, "%lu", left - 1);
    char* folder = dirname(path);
    char other[4200];
    snprintf(other, sizeof other, "%s/%s", folder, OTHER);
    execl(other, other, times, NULL);
    return 1;
}
