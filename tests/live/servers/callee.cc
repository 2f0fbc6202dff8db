// callee TRUTH [SCALE]: calls 2,000 functions of many shapes, each a number of times that it writes to the file TRUTH, a
// line "COUNT NAME" each, then calls some in ways that are hard to count: recursion, tail calls, threads, signals, longjmp,
// exceptions, an alias, an ifunc. SCALE divides the many calls, for slow machines. At its end it compares its own code with
// its file's: "clean", or "changed".
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define CALLED extern "C" __attribute__((noinline, noclone, used))

static volatile int sink;

// --- 2,000 functions, in shapes that begin in different ways --------------------------------------------------------------

CALLED int step(int x) { return x + sink; }

#define SHAPE_BRANCH(name) \
    CALLED int name(int x) { return x > 0 ? x * 3 : x - sink; }
#define SHAPE_LOOP(name) /* its first instructions may be those of the loop */ \
    CALLED int name(int x) {                                                   \
        do sink = sink + x;                                                    \
        while (--x > 0);                                                       \
        return sink;                                                           \
    }
#define SHAPE_CALL(name) \
    CALLED int name(int x) { return static_cast<int>(std::strtol("7", nullptr, 10)) + x; }
#define SHAPE_FRAME(name)                              \
    CALLED int name(int x) {                           \
        char text[256];                                \
        std::snprintf(text, sizeof text, "%d", x & 7); \
        return text[0];                                \
    }
#define SHAPE_SHORT(name) \
    CALLED int name(int x) { return x * 5; }

#define TEN(p)                                                                                                   \
    SHAPE_BRANCH(p##0)                                                                                           \
    SHAPE_LOOP(p##1)                                                                                             \
    SHAPE_CALL(p##2)                                                                                             \
    SHAPE_BRANCH(p##3) SHAPE_FRAME(p##4) SHAPE_BRANCH(p##5) SHAPE_LOOP(p##6) SHAPE_CALL(p##7) SHAPE_BRANCH(p##8) \
        SHAPE_SHORT(p##9)
#define HUNDRED(p) TEN(p##0) TEN(p##1) TEN(p##2) TEN(p##3) TEN(p##4) TEN(p##5) TEN(p##6) TEN(p##7) TEN(p##8) TEN(p##9)
#define ALL(DO)                                                                                                         \
    DO(called_10)                                                                                                       \
    DO(called_11)                                                                                                       \
    DO(called_12)                                                                                                       \
    DO(called_13) DO(called_14) DO(called_15) DO(called_16) DO(called_17) DO(called_18) DO(called_19) DO(called_20)     \
        DO(called_21) DO(called_22) DO(called_23) DO(called_24) DO(called_25) DO(called_26) DO(called_27) DO(called_28) \
            DO(called_29)
ALL(HUNDRED)

struct Called {
    const char* name;
    int (*function)(int);
};
#define ROW(name) {#name, name},
#define TEN_ROWS(p) ROW(p##0) ROW(p##1) ROW(p##2) ROW(p##3) ROW(p##4) ROW(p##5) ROW(p##6) ROW(p##7) ROW(p##8) ROW(p##9)
#define HUNDRED_ROWS(p) \
    TEN_ROWS(p##0)      \
    TEN_ROWS(p##1)      \
    TEN_ROWS(p##2) TEN_ROWS(p##3) TEN_ROWS(p##4) TEN_ROWS(p##5) TEN_ROWS(p##6) TEN_ROWS(p##7) TEN_ROWS(p##8) TEN_ROWS(p##9)
static const Called kCalled[] = {ALL(HUNDRED_ROWS)};

// --- calls that are hard to count -----------------------------------------------------------------------------------------

static std::map<std::string, std::uint64_t> truth;

CALLED int recurses(int depth) { return depth > 0 ? recurses(depth - 1) + sink : 0; }
CALLED int ends_the_tail(int x) { return x > 1 ? x * 2 : sink; }
CALLED int calls_the_tail(int x) { return ends_the_tail(x > 0 ? x + sink : 1); }
CALLED int in_threads(int x) { return x > 3 ? x : sink; }
CALLED void on_signal(int number) { sink = number > 0 ? number : 0; }
static std::jmp_buf back;
CALLED void jumps_away(int x) {
    if (x >= 0) std::longjmp(back, 1);
    sink = x;
}
CALLED int throws(int x) {
    if (x >= 0) throw std::runtime_error("away");
    return x;
}
CALLED int aliased(int x) noexcept { return x > 0 ? x : sink; }
extern "C" int alias_of(int x) noexcept __attribute__((alias("aliased")));
CALLED int chosen_one(int x) { return x > 0 ? x + 1 : sink; }
CALLED int chosen_other(int x) { return x > 0 ? x + 2 : sink; }
extern "C" {
static int (*choose())(int) { return chosen_one; }
int chosen(int x) __attribute__((ifunc("choose")));
}
CALLED int never_called(int x) { return x > 0 ? x : sink; }

static void leave_by_jump(int x) {
    if (setjmp(back) == 0) jumps_away(x);
}
static void leave_by_exception(int x) {
    try {
        sink = throws(x);
    } catch (const std::exception&) {
        sink = x;
    }
}

static void call_in_hard_ways() {
    constexpr int kTimes = 1000;
    for (int i = 0; i < kTimes; ++i) {
        sink = recurses(9);
        sink = calls_the_tail(i);
        sink = aliased(i) + alias_of(i);
        sink = chosen(i);
        std::raise(SIGUSR1);
        leave_by_jump(i);
        leave_by_exception(i);
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < 10 * kTimes; ++i) in_threads(i);
        });
    }
    for (std::thread& thread : threads) thread.join();
    truth["recurses"] = 10 * kTimes;
    for (const char* name : {"calls_the_tail", "ends_the_tail", "on_signal", "jumps_away", "throws", "chosen_one"})
        truth[name] = kTimes;
    truth["aliased"] = 2 * kTimes;
    truth["in_threads"] = 40 * kTimes;
    truth["never_called"] = truth["chosen_other"] = 0;
}

// --- its own code ---------------------------------------------------------------------------------------------------------

// The page of a function, as it lies in memory and in the file.
static bool is_clean() {
    const auto page = reinterpret_cast<std::uintptr_t>(kCalled[0].function) & ~std::uintptr_t{4095};
    std::FILE* maps = std::fopen("/proc/self/maps", "r");
    char line[512];
    bool clean = false;
    while (maps != nullptr && std::fgets(line, sizeof line, maps) != nullptr) {
        unsigned long start = 0, end = 0, offset = 0;
        if (std::sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) != 3 || page < start || page >= end) continue;
        char in_file[4096];
        const int file = open("/proc/self/exe", O_RDONLY);
        const off_t at = static_cast<off_t>(offset + (page - start));
        clean = pread(file, in_file, sizeof in_file, at) == sizeof in_file &&
                std::memcmp(in_file, reinterpret_cast<const void*>(page), sizeof in_file) == 0;
        close(file);
    }
    if (maps != nullptr) std::fclose(maps);
    return clean;
}

int main(int argc, char** argv) {
    const int scale = argc > 2 ? std::atoi(argv[2]) : 1;
    std::signal(SIGUSR1, on_signal);
    std::size_t place = 0;
    for (const Called& called : kCalled) {
        const std::size_t many = place == 0 ? 1'000'000 / scale : place < 8 ? 50'000 / scale : 1 + place % 7;
        for (std::size_t i = 0; i < many; ++i) sink = called.function(1);
        truth[called.name] = many;
        ++place;
    }
    call_in_hard_ways();
    std::FILE* out = std::fopen(argv[1], "w");
    for (const auto& [name, count] : truth)
        std::fprintf(out, "%llu %s\n", static_cast<unsigned long long>(count), name.c_str());
    std::fclose(out);
    if (argc > 3) sleep(static_cast<unsigned>(std::atoi(argv[3])));
    std::puts(is_clean() ? "clean" : "changed");
    return 0;
}
