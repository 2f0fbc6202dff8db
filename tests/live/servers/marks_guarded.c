#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include "tests/live/servers/marks.h"

__extension__ volatile unsigned short marks_guarded_semaphore __attribute__((section(".probes")));
__extension__ volatile unsigned short marks_guarded_too_semaphore __attribute__((section(".probes")));

static unsigned long hits;

void guard(void) {
    if (marks_guarded_semaphore == 0) return;
    DTRACE_PROBE1(marks, guarded, hits);
    DTRACE_PROBE(marks, guarded_too);
    __atomic_add_fetch(&hits, 1, __ATOMIC_RELAXED);
}

unsigned long guarded_hits(void) { return hits; }

unsigned watchers(void) { return marks_guarded_semaphore; }
