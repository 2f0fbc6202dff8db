// A program with USDT probes that says how often it hit each:
//
//   marks TRUTH N [SECONDS]
//
// Writes "COUNT NAME" of each probe to the file TRUTH, then "semaphore VALUE" to its output: how many watch its guarded
// probe when it ends. With SECONDS it goes on so long before that, hitting nothing.
#include "tests/live/servers/marks.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sdt.h>
#include <time.h>

static unsigned long plain, copied;

// A site in each of its callers.
static inline __attribute__((always_inline)) void copy(void) {
    DTRACE_PROBE1(marks, copied, copied);
    __atomic_add_fetch(&copied, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void one(void) { copy(); }
static __attribute__((noinline)) void two(void) {
    copy();
    copy();
}

static void several(unsigned long i) {
    if (i % 2 == 0) {
        DTRACE_PROBE2(marks, plain, i, &plain);
    } else {
        DTRACE_PROBE2(marks, plain, i, &copied);
    }
    __atomic_add_fetch(&plain, 1, __ATOMIC_RELAXED);
}

static void* work(void* count) {
    for (unsigned long i = 0; i < *(unsigned long*)count; ++i) {
        several(i);
        one();
        two();
        guard();
    }
    return NULL;
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    unsigned long count = strtoul(argv[2], NULL, 10);
    if (count == 0) DTRACE_PROBE(marks, never);
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, work, &count);
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
    FILE* truth = fopen(argv[1], "w");
    if (truth == NULL) return 1;
    fprintf(truth,
            "%lu usdt:marks:plain\n%lu usdt:marks:copied\n%lu usdt:marks:guarded\n%lu usdt:marks:guarded_too\n0 "
            "usdt:marks:never\n",
            plain, copied, guarded_hits(), guarded_hits());
    fclose(truth);
    if (argc > 3) {
        const struct timespec pause = {.tv_sec = strtol(argv[3], NULL, 10)};
        nanosleep(&pause, NULL);
    }
    printf("semaphore %u\n", watchers());
    return 0;
}
