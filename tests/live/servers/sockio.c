// sockio [--script NAME] [--way NAME] [--family ip4|ip6|unix] [--connections N] [--dup] [--serve-in thread|child]
//   1. prints {"pid":…,"server":PID,"client":PID} when both sides are ready to be watched
//   2. waits for a line on stdin, plays the script on each connection
//   3. prints the oracle:
//   {"operations":[{"operation":…,"status":…,"error":…,"uses":…,"request_bytes":…,"response_bytes":…}]}
//   4. waits for the end of stdin, both sides still alive
#define _GNU_SOURCE
#include "sockio.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum served_in { HERE, THREAD, CHILD };

struct plan {
    struct script script;
    const struct way* way;
    int family;
    int connections;
    bool dup;
    enum served_in served_in;
    struct sockaddr_storage address;
    socklen_t address_length;
    atomic_int* progress;  // steps done by each side, shared by all processes
    int ready[2];          // children → parent
    int go[2];             // parent → children
};

void fail(const char* what) {
    fprintf(stderr, "sockio: %s: %s\n", what, strerror(errno));
    _exit(1);
}

void refuse(const char* what) {
    fprintf(stderr, "sockio: %s: %s\n", what, strerror(errno));
    _exit(77);
}

static void wait_for_go(const struct plan* plan) {
    char byte = 0;
    if (write(plan->ready[1], "r", 1) != 1 || read(plan->go[0], &byte, 1) != 1) fail("the parent is gone");
}

static void send_step(const struct way* way, int fd, const struct step* step) {
    for (size_t done = 0; done < step->length;) {
        ssize_t sent = way->send(fd, step->bytes + done, step->length - done);
        if (sent < 0) fail(way->name);
        done += sent;
    }
}

static void receive_step(const struct way* way, int fd, const struct step* step) {
    char* buffer = malloc(step->length);
    for (size_t done = 0; done < step->length;) {
        ssize_t got = way->receive(fd, buffer + done, step->length - done, step->bytes + done);
        if (got <= 0) fail(way->name);
        done += got;
    }
    if (memcmp(buffer, step->bytes, step->length) != 0) fail("the bytes differ");
    free(buffer);
}

static void expect_end(int fd, enum act act) {
    char byte = 0;
    fcntl(fd, F_SETFL, 0);
    ssize_t got = recv(fd, &byte, 1, 0);
    if (got > 0 || (act == CLOSES && got < 0) || (act == RESETS && (got == 0 || errno != ECONNRESET))) fail("no such end");
}

static void end(int fd, enum act act) {
    struct linger at_once = {.l_onoff = 1};
    if (act == RESETS) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    shutdown(fd, act == CLOSES ? SHUT_RDWR : 0);
}

static void do_step(const struct plan* plan, int fd, enum side side, const struct step* step) {
    if (step->who == side && step->act == SENDS) send_step(plan->way, fd, step);
    if (step->who == side && step->act != SENDS) end(fd, step->act);
    if (step->who != side && step->act == SENDS) receive_step(plan->way, fd, step);
}

// Plays one side of the script. An end waits until the other side has read all that was sent, or a reset would eat it.
static void play(struct plan* plan, int fd, enum side side, int round) {
    const struct script* script = &plan->script;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int other = plan->dup ? dup(fd) : fd;
    bool ended = false;
    for (int i = 0; i <= script->step_count; i++) {
        if (i == script->pause_after && round == 0) wait_for_go(plan);
        if (i == script->step_count) break;
        const struct step* step = &script->steps[i];
        ended = step->act != SENDS;
        while (ended && step->who == side && atomic_load(&plan->progress[!side]) < round * script->step_count + i)
            usleep(50);
        do_step(plan, i % 2 ? other : fd, side, step);
        if (ended && step->who == side) break;
        atomic_fetch_add(&plan->progress[side], 1);
        if (ended) expect_end(fd, step->act);
    }
    if (ended) atomic_store(&plan->progress[side], (round + 1) * script->step_count);
    if (!ended && side == SERVER) expect_end(fd, CLOSES);
    if (plan->dup) close(other);
    close(fd);
}

struct job {
    struct plan* plan;
    int fd;
    int round;
};

static void* play_job(void* argument) {
    struct job* job = argument;
    play(job->plan, job->fd, SERVER, job->round);
    return NULL;
}

static void serve_one(struct plan* plan, int fd, int round) {
    struct job job = {plan, fd, round};
    if (plan->served_in == HERE) {
        play_job(&job);
    } else if (plan->served_in == THREAD) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, play_job, &job) != 0 || pthread_join(thread, NULL) != 0) fail("thread");
    } else {
        pid_t child = fork();
        if (child == 0) {
            play_job(&job);
            _exit(0);
        }
        close(fd);
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0) fail("the serving child failed");
    }
}

static void serve(struct plan* plan, int listener) {
    if (plan->script.pause_after < 0) wait_for_go(plan);
    for (int i = 0; i < plan->connections; i++) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) fail("accept");
        serve_one(plan, fd, i);
    }
}

static void call(struct plan* plan) {
    if (plan->script.pause_after < 0) wait_for_go(plan);
    for (int i = 0; i < plan->connections; i++) {
        int fd = socket(plan->family, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr*)&plan->address, plan->address_length) != 0) fail("connect");
        play(plan, fd, CLIENT, i);
    }
}

static int listen_on_loopback(struct plan* plan) {
    struct sockaddr_storage* address = &plan->address;
    address->ss_family = plan->family;
    plan->address_length = sizeof *address;
    if (plan->family == AF_INET) ((struct sockaddr_in*)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (plan->family == AF_INET6) ((struct sockaddr_in6*)address)->sin6_addr = in6addr_loopback;
    if (plan->family == AF_UNIX) {
        struct sockaddr_un* local = (struct sockaddr_un*)address;
        const char* directory = getenv("TMPDIR");
        snprintf(local->sun_path, sizeof local->sun_path, "%s/sockio-%d.sock", directory ? directory : "/tmp", getpid());
        plan->address_length = sizeof *local;
    }
    int fd = socket(plan->family, SOCK_STREAM, 0);
    if (fd < 0 && errno == EAFNOSUPPORT) refuse("no such address family here");
    if (fd < 0 || bind(fd, (struct sockaddr*)address, plan->address_length) != 0) refuse("bind to loopback");
    if (listen(fd, 128) != 0 || getsockname(fd, (struct sockaddr*)address, &plan->address_length) != 0) fail("listen");
    return fd;
}

static pid_t start(struct plan* plan, enum side side, int listener) {
    pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(plan->go[1]);
    if (side == SERVER) serve(plan, listener);
    close(listener);
    if (side == CLIENT) call(plan);
    char byte = 0;
    if (write(plan->ready[1], "d", 1) != 1) fail("the parent is gone");
    _exit(read(plan->go[0], &byte, 1) < 0);  // Lives on, idle, until the parent closes its end.
}

// Waits until both children have spoken. One that ended instead took the scenario with it; its exit code says why.
static void await_both(const struct plan* plan) {
    char bytes[2];
    for (int i = 0; i < 2; i++) {
        int status = 0;
        while (read(plan->ready[0], bytes, 1) != 1) {
            if (waitpid(-1, &status, WNOHANG) > 0) exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
            usleep(200);
        }
    }
}

static void wait_for_line(void) {
    int byte;
    while ((byte = getchar()) != EOF && byte != '\n') {
    }
}

static void print_oracle(const struct plan* plan) {
    printf("{\"operations\":[");
    for (int i = 0; i < plan->script.tally_count; i++) {
        const struct tally* tally = &plan->script.tallies[i];
        size_t n = plan->connections;
        printf(
            "%s{\"operation\":\"%s\",\"status\":%d,\"error\":%s,\"uses\":%ld,\"request_bytes\":%zu,\"response_bytes\":%zu}",
            i ? "," : "", tally->operation, tally->status, tally->error ? "true" : "false", tally->uses * n,
            tally->request_bytes * n, tally->response_bytes * n);
    }
    printf("]}\n");
    fflush(stdout);
}

static const struct way* find_way(const char* name) {
    for (int i = 0; i < way_count; i++) {
        if (strcmp(ways[i].name, name) == 0) return &ways[i];
    }
    errno = EINVAL;
    fail(name);
}

static void build(struct script* script, const char* name) {
    script->pause_after = -1;
    for (int i = 0; i < script_kind_count; i++) {
        if (strcmp(script_kinds[i].name, name) == 0) return script_kinds[i].build(script);
    }
    errno = EINVAL;
    fail(name);
}

static int family_of(const char* name) {
    return strcmp(name, "ip6") == 0 ? AF_INET6 : strcmp(name, "unix") == 0 ? AF_UNIX : AF_INET;
}

static void parse(struct plan* plan, int argc, char** argv) {
    static const struct option options[] = {{"script", 1, NULL, 's'},
                                            {"way", 1, NULL, 'w'},
                                            {"family", 1, NULL, 'f'},
                                            {"connections", 1, NULL, 'c'},
                                            {"dup", 0, NULL, 'd'},
                                            {"serve-in", 1, NULL, 'i'},
                                            {0}};
    const char* script = "shop";
    *plan = (struct plan){.way = &ways[0], .family = AF_INET, .connections = 1};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
            case 's':
                script = optarg;
                break;
            case 'w':
                plan->way = find_way(optarg);
                break;
            case 'f':
                plan->family = family_of(optarg);
                break;
            case 'c':
                plan->connections = atoi(optarg);
                break;
            case 'd':
                plan->dup = true;
                break;
            case 'i':
                plan->served_in = strcmp(optarg, "thread") == 0 ? THREAD : CHILD;
                break;
            default:
                exit(2);
        }
    }
    build(&plan->script, script);
}

int main(int argc, char** argv) {
    static struct plan plan;
    parse(&plan, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    plan.progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan.progress == MAP_FAILED || pipe2(plan.ready, O_NONBLOCK) != 0 || pipe(plan.go) != 0) fail("start");
    int listener = listen_on_loopback(&plan);
    pid_t server = start(&plan, SERVER, listener);
    pid_t client = start(&plan, CLIENT, listener);
    close(listener);

    await_both(&plan);
    printf("{\"pid\":%d,\"server\":%d,\"client\":%d}\n", getpid(), server, client);
    fflush(stdout);
    wait_for_line();
    if (write(plan.go[1], "gg", 2) != 2) fail("go");
    await_both(&plan);
    if (plan.family == AF_UNIX) unlink(((struct sockaddr_un*)&plan.address)->sun_path);
    print_oracle(&plan);
    wait_for_line();
    return 0;
}
