// Stacks as a recording would leave them, written as one line for each, and an example of them that has everything once.
#pragma once

#include <initializer_list>
#include <map>
#include <string>

#include "output/session/snapshot.pb.h"
#include "tests/unit/output/example_snapshot.h"

namespace footfall {

class StackWriter {
public:
    explicit StackWriter(Stacks& stacks) : stacks_(stacks) {
        text("");
        stacks_.add_modules();
        stacks_.set_period_nanos(10'101'010);
        stacks_.set_clock("cpu-clock");
    }

    std::uint32_t text(const std::string& text) {
        const auto [place, is_new] = texts_.try_emplace(text, stacks_.strings_size());
        if (is_new) stacks_.add_strings(text);
        return place->second;
    }

    std::uint32_t module(const std::string& path, const std::string& build_id = "") {
        const auto [place, is_new] = modules_.try_emplace(path, stacks_.modules_size());
        if (!is_new) return place->second;
        StackModule& module = *stacks_.add_modules();
        module.set_path(text(path));
        module.set_build_id(text(build_id));
        return place->second;
    }

    struct Function {
        std::string name;
        std::string file{};
        std::uint32_t line = 0;
    };
    // Innermost first; none: the location has no name.
    std::uint32_t location(std::uint32_t module, std::uint64_t address, const std::vector<Function>& functions) {
        Location& location = *stacks_.add_locations();
        location.set_module(module);
        location.set_address(address);
        location.set_kernel(stacks_.strings(static_cast<int>(stacks_.modules(static_cast<int>(module)).path())) ==
                            "[kernel]");
        for (const Function& function : functions) {
            StackLine& line = *location.add_lines();
            line.set_function(text(function.name));
            line.set_file(text(function.file));
            line.set_line(function.line);
        }
        if (functions.empty()) location.set_miss(text("stripped"));
        return static_cast<std::uint32_t>(stacks_.locations_size()) - 1;
    }

    StackSample& sample(const std::string& service, const std::string& thread,
                        std::initializer_list<std::uint32_t> innermost_first, std::uint64_t samples, std::uint64_t nanos) {
        StackSample& sample = *stacks_.add_samples();
        sample.set_service(text(service));
        sample.set_thread(text(thread));
        if (thread == "worker 2") sample.set_operation(text("http GET /orders/{id}"));
        for (const std::uint32_t location : innermost_first) sample.add_locations(location);
        sample.set_samples(samples);
        sample.set_nanos(nanos);
        return sample;
    }

private:
    Stacks& stacks_;
    std::map<std::string, std::uint32_t> texts_;
    std::map<std::string, std::uint32_t> modules_;
};

// 3.0 s on the CPU: nginx 2.0 s (parse 1.2 s, of which 0.4 s in the inlined hash; a kernel send 0.8 s), shop 1.0 s (half of
// it unnamed, half under a walk that ended early). 5.5 s off it: nginx 4.0 s in epoll_wait, shop 1.0 s in a lock, 0.5 s
// queued.
inline Snapshot example_with_stacks() {
    Snapshot snapshot = example_snapshot();
    Stacks& stacks = *snapshot.mutable_stacks();
    StackWriter to(stacks);
    const std::uint32_t nginx = to.module("/usr/sbin/nginx", "abc123");
    const std::uint32_t libc = to.module("/lib/x86_64-linux-gnu/libc.so.6", "c0ffee");
    const std::uint32_t shop = to.module("/opt/shop/shop", "5409");
    const std::uint32_t kernel = to.module("[kernel]");
    const std::uint32_t jit = to.module("[jit]");

    const std::uint32_t start = to.location(nginx, 0x1040, {{"_start"}});
    const std::uint32_t main = to.location(nginx, 0x2040, {{"main", "nginx.c", 200}});
    const std::uint32_t parse = to.location(nginx, 0x3040, {{"parse(char const*, int)", "parse.c", 40}});
    const std::uint32_t hash =
        to.location(nginx, 0x3080, {{"hash", "hash.h", 7}, {"parse(char const*, int)", "parse.c", 44}});
    const std::uint32_t writev = to.location(libc, 0x10'2030, {{"writev"}});
    const std::uint32_t tcp_sendmsg = to.location(kernel, 0xffff'ffff'8123'4567, {{"tcp_sendmsg"}});
    const std::uint32_t epoll_wait = to.location(libc, 0x10'5000, {{"epoll_wait"}});
    const std::uint32_t schedule = to.location(kernel, 0xffff'ffff'8100'0010, {{"schedule"}});
    const std::uint32_t unnamed = to.location(shop, 0x5678, {});
    const std::uint32_t jitted = to.location(jit, 0x7f00'1234, {{"render"}});
    const std::uint32_t lock = to.location(libc, 0x8'8000, {{"pthread_mutex_lock"}});

    to.sample("nginx", "nginx", {parse, main, start}, 80, 800'000'000);
    to.sample("nginx", "nginx", {hash, main, start}, 40, 400'000'000);
    to.sample("nginx", "nginx", {tcp_sendmsg, writev, main, start}, 80, 800'000'000);
    StackSample& idle = to.sample("nginx", "nginx", {schedule, epoll_wait, main, start}, 400, 4'000'000'000);
    idle.set_state(STACK_BLOCKED);
    idle.set_wait(to.text("network"));
    to.sample("shop", "worker 1", {unnamed, jitted}, 50, 500'000'000).add_guessed(1);
    StackSample& broken = to.sample("shop", "worker 1", {jitted}, 50, 500'000'000);
    broken.set_stop(to.text("no_table"));
    StackSample& locked = to.sample("shop", "worker 2", {schedule, lock, jitted}, 10, 1'000'000'000);
    locked.set_state(STACK_BLOCKED);
    locked.set_wait(to.text("lock"));
    to.sample("shop", "worker 2", {schedule, jitted}, 20, 500'000'000).set_state(STACK_QUEUED);

    (*stacks.mutable_stops())["outermost"] = 680;
    (*stacks.mutable_stops())["no_table"] = 50;
    (*stacks.mutable_stops())["no_user_stack"] = 12;
    stacks.set_complete_with_guesses(50);
    stacks.set_user_frames(2'000);
    stacks.set_guessed_frames(50);
    return snapshot;
}

// Numbers that no recording has: indexes that lead nowhere, stacks that are longer than any, text that is no text.
inline Snapshot hostile_stacks(std::uint32_t seed) {
    std::uint32_t state = seed * 2'654'435'761U + 1;
    const auto random = [&](std::uint32_t below) {
        state = state * 1'664'525U + 1'013'904'223U;
        return (state >> 8U) % 16 == 0 ? 0xffff'fff0U + (state >> 28U) : (state >> 8U) % below;
    };
    Snapshot snapshot;
    Stacks& stacks = *snapshot.mutable_stacks();
    for (const char* text : {"", "a;b c\n", "</script><b>\x1b[2J", "\xff\xfe", "[kernel]", "no_table", "/x/y.so"})
        stacks.add_strings(text);
    for (int i = 0; i < 4; ++i) {
        StackModule& module = *stacks.add_modules();
        module.set_path(random(8));
        module.set_build_id(random(8));
    }
    for (int i = 0; i < 12; ++i) {
        Location& location = *stacks.add_locations();
        location.set_module(random(5));
        location.set_address(random(2) == 0 ? ~std::uint64_t{0} : random(1'000'000));
        location.set_kernel(random(2) == 0);
        const std::uint32_t lines = random(4) % 200;
        for (std::uint32_t line = 0; line < lines; ++line) location.add_lines()->set_function(random(8));
    }
    for (int i = 0; i < 20; ++i) {
        StackSample& sample = *stacks.add_samples();
        sample.set_service(random(8));
        sample.set_thread(random(8));
        sample.set_state(static_cast<StackSampleState>(random(5)));
        sample.set_wait(random(8));
        sample.set_stop(random(8));
        const std::uint32_t depth = random(30) % 3'000;
        for (std::uint32_t k = 0; k < depth; ++k) sample.add_locations(random(14));
        sample.add_guessed(random(40));
        sample.set_samples(random(9));
        sample.set_nanos(random(2) == 0 ? ~std::uint64_t{0} : random(1'000'000));
    }
    return snapshot;
}

}  // namespace footfall
