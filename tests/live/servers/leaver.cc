// leaver TRUTH [N]: calls functions that are left in many ways, N times each, and holds what they return against what they
// should: "right", or "wrong". Writes to the file TRUTH a line for each, "CALLS RETURNED LEAST MOST NAME": how often it is
// called, how often it returns or goes on in another function, and the nanoseconds that the latter calls take together: at
// least what they sleep, at most what was measured around them (0: nothing was).
#include <ucontext.h>

#include <chrono>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define CALLED extern "C" __attribute__((noinline, noclone, used))

namespace {

constexpr int kThreads = 4;
constexpr std::int64_t kNap = 2'000'000;  // nanoseconds
volatile int sink;
int wrong = 0;

struct Truth {
    std::int64_t calls = 0, returned = 0, least = 0, most = 0;
};
std::map<std::string, Truth> truth;
std::mutex truth_lock;

std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void sleep_for(std::int64_t nanoseconds) { std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds)); }

void add(const std::string& name, const Truth& more) {
    const std::lock_guard<std::mutex> hold(truth_lock);
    Truth& sum = truth[name];
    sum.calls += more.calls;
    sum.returned += more.returned;
    sum.least += more.least;
    sum.most += more.most;
}

void expect(int value, int expected) {
    const std::lock_guard<std::mutex> hold(truth_lock);
    wrong += value != expected;
}

}  // namespace

// --- exceptions -----------------------------------------------------------------------------------------------------------

CALLED int throws_odd(int x) {
    if (x % 2 != 0) throw std::runtime_error("odd");
    return x + sink;
}
// Has something to clean up when an exception passes.
CALLED int passes_on(int x) {
    const auto held = std::make_unique<int>(x);
    sleep_for(kNap);
    return throws_odd(*held) + 1;
}
CALLED int catches(int x) {
    try {
        return passes_on(x);
    } catch (const std::exception&) {
        return -1;
    }
}
// The innermost of so many throws, through all of them.
CALLED int falls_back(int depth, int x) {
    const int below = depth > 0 ? falls_back(depth - 1, x) : throws_odd(x);
    return below + 1 + sink;
}

// --- ends of many kinds ---------------------------------------------------------------------------------------------------

CALLED int naps(int x) {
    sleep_for(kNap);
    return x + 1 + sink;
}
CALLED int goes_on_in_naps(int x) { return naps(x > 0 ? x + sink : sink); }
CALLED int may_go_on_in_naps(int x) {
    if (x % 2 != 0) return x + sink;
    return naps(x);
}

struct Napper {
    virtual ~Napper() = default;
    virtual int nap(int x) const = 0;
};
struct ShortNapper : Napper {
    int nap(int x) const override { return naps(x); }
};
CALLED int goes_on_by_table(const Napper& napper, int x) { return napper.nap(x + sink); }

CALLED int switches(int x) {
    switch (x % 8) {
        case 0:
            return naps(1);
        case 1:
            return sink + 11;
        case 2:
            return sink * 3 + 12;
        case 3:
            sink = sink + 0;
            return 13;
        case 4:
            return sink - 14;
        case 5:
            return naps(x) * 0 + 15;
        case 6:
            return (sink ^ 5) + 16;
        default:
            return 17;
    }
}
CALLED int leaves_a_loop(int x) {
    int sum = 0;
    for (int i = 0; i < 1000; ++i) {
        sum += i ^ sink;
        if (sum > x) return i;
    }
    return sum;
}
CALLED int has_several_returns(int a, int b) {
    if (a < 0) return sink - 1;
    if (b < 0) return sink - 2;
    if (a == 7) return sink + 7;
    if (b > a) sink = sink + 0;
    return a + sink;
}
__attribute__((cold, noinline)) void note_rare(int x) { sink = x * 0; }
CALLED int has_a_cold_part(int x) {
    if (__builtin_expect(x % 4 == 3, 0)) {
        note_rare(x);
        sleep_for(kNap);
        return x * 2 + sink;
    }
    return x + sink;
}

// --- stacks that are left, or changed -------------------------------------------------------------------------------------

static std::jmp_buf back;
CALLED int jumps_away(int x) {
    if (x % 2 != 0) std::longjmp(back, 1);
    return x + sink;
}
static int leave_by_jump(int x) { return setjmp(back) == 0 ? jumps_away(x) : -1; }

// Two of them take turns on stacks of their own, the second time in another thread.
static ucontext_t outside;
static ucontext_t fibers[2];
CALLED int takes_turns(int fiber) {
    swapcontext(&fibers[fiber], &outside);
    return fiber + sink;
}
static void run_fiber(int fiber) {
    expect(takes_turns(fiber), fiber);
    swapcontext(&fibers[fiber], &outside);
}

static void enter_fibers() {
    for (ucontext_t& fiber : fibers) swapcontext(&outside, &fiber);
}

static void take_turns() {
    constexpr std::size_t kStack = 65536;
    static std::vector<char> stacks[2] = {std::vector<char>(kStack), std::vector<char>(kStack)};
    for (int i = 0; i < 2; ++i) {
        getcontext(&fibers[i]);
        fibers[i].uc_stack.ss_sp = stacks[i].data();
        fibers[i].uc_stack.ss_size = kStack;
        makecontext(&fibers[i], reinterpret_cast<void (*)()>(run_fiber), 1, i);
    }
    const std::int64_t begin = now();
    enter_fibers();
    sleep_for(kNap);
    std::thread(enter_fibers).join();
    add("takes_turns", {2, 2, 2 * kNap, 2 * (now() - begin)});
}

// --------------------------------------------------------------------------------------------------------------------------

static void leave_once(int x) {
    const bool odd = x % 2 != 0;
    std::int64_t begin = now();
    const int caught = catches(x);
    std::int64_t took = now() - begin;
    expect(caught, odd ? -1 : x + 1);
    add("catches", {1, 1, kNap, took});
    add("passes_on", {1, !odd, odd ? 0 : kNap, odd ? 0 : took});
    add("throws_odd", {1, !odd, 0, odd ? 0 : took - kNap});

    begin = now();
    try {
        expect(falls_back(9, x), x + 10);
    } catch (const std::exception&) {
        expect(odd, 1);
    }
    took = now() - begin;
    add("falls_back", {10, odd ? 0 : 10, 0, odd ? 0 : 10 * took});
    add("throws_odd", {1, !odd, 0, odd ? 0 : took});

    const ShortNapper napper;
    begin = now();
    expect(goes_on_in_naps(x) - naps(x) - goes_on_by_table(napper, x), -(x + 1));
    took = now() - begin;
    add("goes_on_in_naps", {1, 1, 0, took - 3 * kNap});
    add("goes_on_by_table", {1, 1, 0, took - 3 * kNap});
    add("naps", {3, 3, 3 * kNap, took});

    begin = now();
    expect(may_go_on_in_naps(x), odd ? x : x + 1);
    took = now() - begin;
    add("may_go_on_in_naps", {1, 1, 0, odd ? took : took - kNap});
    if (!odd) add("naps", {1, 1, kNap, took});
}

static void end_in_many_ways(int x) {
    static const int kSwitched[] = {2, 11, 12, 13, -14, 15, 21, 17};
    std::int64_t begin = now();
    expect(switches(x), kSwitched[x % 8]);
    std::int64_t took = now() - begin;
    const int napped = x % 8 == 0 || x % 8 == 5;
    add("switches", {1, 1, x % 8 == 5 ? kNap : 0, took});
    if (napped) add("naps", {1, 1, kNap, took});

    begin = now();
    expect(leaves_a_loop(100), 14);
    expect(has_several_returns(x, x % 3 - 1), x % 3 == 0 ? -2 : x);
    took = now() - begin;
    add("leaves_a_loop", {1, 1, 0, took});
    add("has_several_returns", {1, 1, 0, took});

    begin = now();
    expect(has_a_cold_part(x), x % 4 == 3 ? 2 * x : x);
    add("has_a_cold_part", {1, 1, x % 4 == 3 ? kNap : 0, now() - begin});
}

int main(int argc, char** argv) {
    const int times = argc > 2 ? std::atoi(argv[2]) : 16;
    for (int i = 0; i < times; ++i) {
        leave_once(8 + i);
        end_in_many_ways(8 + i);
        expect(leave_by_jump(i), i % 2 != 0 ? -1 : i);
        add("jumps_away", {1, i % 2 == 0, 0, 0});
        take_turns();
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([times, t] {
            for (int i = 0; i < times; ++i) leave_once(8 + i + t);
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::FILE* out = std::fopen(argv[1], "w");
    for (const auto& [name, sum] : truth) {
        std::fprintf(out, "%lld %lld %lld %lld %s\n", static_cast<long long>(sum.calls),
                     static_cast<long long>(sum.returned), static_cast<long long>(sum.least),
                     static_cast<long long>(sum.most), name.c_str());
    }
    std::fclose(out);
    std::puts(wrong == 0 ? "right" : "wrong");
    return wrong == 0 ? 0 : 1;
}
