// Programs that are hard to sample, one for each word: what they burn the CPU in has a known name and place.
//
//   corners WAY SECONDS [ARGUMENTS]
//
//   spin                    main, spin_outer, spin_inner
//   deep DEPTH              as deep as DEPTH calls of itself
//   signals                 in handlers on a stack of their own, with SIGPROF blocked
//   threads                 in threads that live for 5 ms, one after the other
//   forks                   in processes that live for 5 ms, one after the other
//   execs                   in a process that becomes itself anew every 5 ms
//   plugins A.so B.so       in burn_a or burn_b, opened and closed in turn for 50 ms each
//   mappings COUNT          with so many more executable mappings
//   flood COUNT             beside a thread that maps code and unmaps it, so many times between rests of a ms
//   jit MAP                 in code made at run time, with this text in its perf map: good, none, half, garbage
//   waits                   in nothing: one read that ends when the program does
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICE 0.005  // seconds that something short-lived lives

static volatile unsigned sink;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

__attribute__((noinline, noclone)) void spin_inner(double until) {
    while (now() < until) {
        for (unsigned i = 0; i < 20000; ++i) sink = sink + 1;
    }
}

__attribute__((noinline, noclone)) void spin_outer(double until) {
    spin_inner(until);
    sink = sink + 1;
}

// --- where the stack is unusual --------------------------------------------------------------------------------------

__attribute__((noinline, noclone)) void go_deep(unsigned depth, double until) {
    if (depth == 0)
        spin_inner(until);
    else
        go_deep(depth - 1, until);
    sink = sink + 1;
}

static volatile double handler_until;

__attribute__((noinline, noclone)) void on_signal(int number) {
    (void)number;
    spin_outer(handler_until);
    sink = sink + 1;
}

__attribute__((noinline, noclone)) void raise_signals(double until) {
    stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPROF);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    while (now() < until) {
        handler_until = now() + 0.1;
        raise(SIGUSR1);
    }
}

// --- where what runs doesn't last ------------------------------------------------------------------------------------

static void* short_thread(void* nothing) {
    spin_outer(now() + SLICE);
    return nothing;
}

static void start_threads(double until) {
    while (now() < until) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, short_thread, NULL) != 0) abort();
        pthread_join(thread, NULL);
    }
}

static void start_processes(double until) {
    while (now() < until) {
        const pid_t child = fork();
        if (child == 0) {
            spin_outer(now() + SLICE);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
}

static void become_anew(char** words, double until) {
    spin_outer(now() + SLICE);
    if (now() >= until) return;
    char left[32];
    snprintf(left, sizeof left, "%f", until - now());
    execl("/proc/self/exe", words[0], words[1], left, NULL);
    abort();
}

#ifndef WITHOUT_PLUGINS  // static programs can have none
static void open_plugins(char** words, double until) {
    while (now() < until) {
        for (int i = 0; i < 2; ++i) {
            void* plugin = dlopen(words[i], RTLD_NOW);
            void (*burn)(double) = plugin ? (void (*)(double))dlsym(plugin, "burn") : NULL;
            if (!burn) abort();
            burn(10 * SLICE);
            dlclose(plugin);
        }
    }
}
#endif

// --- where the code is unusual ---------------------------------------------------------------------------------------

static unsigned char* code_page(void) {
    unsigned char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) abort();
    return page;
}

static unsigned char* put(unsigned char* at, const char* bytes, size_t length) {
    memcpy(at, bytes, length);
    return at + length;
}

static unsigned char* put_number(unsigned char* at, uint64_t number) { return put(at, (const char*)&number, sizeof number); }

// A function with a frame pointer that counts down, and 256 bytes behind it one that calls it.
static void make_code(unsigned char* page) {
    unsigned char* at = put(page, "\x55\x48\x89\xe5\x48\xb9", 6);  // push rbp; mov rbp, rsp; mov rcx, …
    at = put_number(at, 3000000);
    put(at, "\x48\xff\xc9\x75\xfb\x5d\xc3", 7);           // dec rcx; jnz; pop rbp; ret
    at = put(page + 256, "\x55\x48\x89\xe5\x48\xb8", 6);  // push rbp; mov rbp, rsp; mov rax, …
    at = put_number(at, (uint64_t)(uintptr_t)page);
    put(at, "\xff\xd0\x5d\xc3", 4);  // call rax; pop rbp; ret
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void write_perf_map(const char* kind, const unsigned char* page) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
    FILE* map = strcmp(kind, "none") != 0 ? fopen(path, "w") : NULL;
    if (!map) return;
    if (strcmp(kind, "garbage") == 0)
        fputs("\xff\xfe no number\n\nzzzz 10\n10\nffffffffffffffff ffffffffffffffff over\n", map);
    fprintf(map, "%lx %x jit_inner(int, char const*)\n", (unsigned long)(uintptr_t)page, 64);
    fprintf(map, "%lx %x jit_out", (unsigned long)(uintptr_t)(page + 256), 64);
    fputs(strcmp(kind, "half") == 0 ? "" : "er\n", map);
    fclose(map);
}

static void run_made_code(const char* kind, double until) {
    unsigned char* page = code_page();
    make_code(page);
    write_perf_map(kind, page);
    void (*made)(void) = (void (*)(void))(uintptr_t)(page + 256);
    while (now() < until) made();
}

// The same page of the file again and again: the kernel can't make one mapping of them.
static void map_much(unsigned long count, double until) {
    const int file = open("/proc/self/exe", O_RDONLY);
    for (unsigned long i = 0; i < count; ++i) {
        if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) == MAP_FAILED) abort();
    }
    spin_outer(until);
}

static void* map_and_unmap(void* count) {
    const int file = open("/proc/self/exe", O_RDONLY);
    for (;;) {
        for (uintptr_t i = 0; i < (uintptr_t)count; ++i) {
            void* page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
            if (page == MAP_FAILED || munmap(page, 4096) != 0) abort();
        }
        usleep(1000);
    }
}

static void flood_with_mappings(unsigned long count, double until) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, map_and_unmap, (void*)(uintptr_t)count) != 0) abort();
    spin_outer(until);
}

static void wait_on(double length) {
    int ends[2];
    if (pipe(ends) != 0) abort();
    alarm((unsigned)length + 1);
    char byte;
    if (read(ends[0], &byte, 1) != 0) abort();
}

int main(int count, char** words) {
    if (count < 3) return 2;
    const char *way = words[1], *more = count > 3 ? words[3] : "";
    const double length = strtod(words[2], NULL), until = now() + length;
    if (strcmp(way, "spin") == 0)
        spin_outer(until);
    else if (strcmp(way, "deep") == 0)
        go_deep((unsigned)strtoul(more, NULL, 10), until);
    else if (strcmp(way, "signals") == 0)
        raise_signals(until);
    else if (strcmp(way, "threads") == 0)
        start_threads(until);
    else if (strcmp(way, "forks") == 0)
        start_processes(until);
    else if (strcmp(way, "execs") == 0)
        become_anew(words, until);
    else if (strcmp(way, "mappings") == 0)
        map_much(strtoul(more, NULL, 10), until);
    else if (strcmp(way, "flood") == 0)
        flood_with_mappings(strtoul(more, NULL, 10), until);
    else if (strcmp(way, "jit") == 0)
        run_made_code(more, until);
    else if (strcmp(way, "waits") == 0)
        wait_on(length);
#ifndef WITHOUT_PLUGINS
    else if (strcmp(way, "plugins") == 0 && count > 4)
        open_plugins(words + 3, until);
#endif
    else
        return 2;
    return 0;
}
