// sockio: an HTTP server and its client, in two processes, that move agreed bytes over one socket in every way that Linux
// has for it. A scenario is a script (who sends which bytes, in which order) and a way (which system calls move them).
// Both sides know the script beforehand, so they check each byte and know the exact number of exchanges: the oracle.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MAX_STEPS = 600, MAX_TALLIES = 16 };

enum side { CLIENT, SERVER };

enum act { SENDS, CLOSES, RESETS };

// `who` does `act`; the other side receives the bytes, the end of the stream, or the reset.
struct step {
    enum side who;
    enum act act;
    char* bytes;
    size_t length;
};

// What an observer must count for one operation and status on one connection.
struct tally {
    const char* operation;  // as footfall names it
    int status;             // 0: cut before the head of a response
    bool error;
    long uses;
    size_t request_bytes;
    size_t response_bytes;
};

struct script {
    struct step steps[MAX_STEPS];
    int step_count;
    struct tally tallies[MAX_TALLIES];
    int tally_count;
    int pause_after;  // steps played before the observer is let in; -1: not even the connection is made
    bool paused;      // while building: what follows is seen by the observer
};

// Moves some bytes, as write(2) and read(2) do. `expected` is what receive will find, so that it knows where a head ends.
struct way {
    const char* name;
    ssize_t (*send)(int fd, const char* bytes, size_t length);
    ssize_t (*receive)(int fd, char* buffer, size_t length, const char* expected);
};

extern const struct way ways[];
extern const int way_count;

struct script_kind {
    const char* name;
    void (*build)(struct script* script);
};

extern const struct script_kind script_kinds[];
extern const int script_kind_count;

// Length of an HTTP head at the start of `bytes`, or 0.
size_t head_length(const char* bytes, size_t length);

ssize_t send_uring(int fd, const char* bytes, size_t length);
ssize_t receive_uring(int fd, char* buffer, size_t length, const char* expected);

// Ends the process: 1 with the reason, or 77 where the kernel refuses what the scenario needs.
_Noreturn void fail(const char* what);
_Noreturn void refuse(const char* what);
