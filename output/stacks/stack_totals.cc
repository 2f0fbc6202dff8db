#include "output/stacks/stack_totals.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace footfall {
namespace {

using FunctionKey = std::pair<std::string_view, std::string_view>;  // name, module

struct ServiceSums {
    std::uint64_t running = 0;
    std::uint64_t waiting = 0;
    std::map<FunctionKey, std::pair<std::uint64_t, std::uint64_t>> functions;  // self, total
    std::map<std::array<std::string_view, 4>, WaitTime> waits;
};

// Every wait is in it, and few are of its own making.
bool is_in_c_library(const StackEntry& entry) {
    const std::string_view module = entry.frame->module;
    const std::string_view file = module.substr(module.rfind('/') + 1);
    constexpr std::array<std::string_view, 5> kNames = {"libc.so", "libc-", "libpthread", "libc.musl-", "ld-musl-"};
    return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) { return file.starts_with(name); });
}

void add_running(ServiceSums& sums, const std::vector<StackEntry>& frames, std::uint64_t nanos) {
    sums.running += nanos;
    if (frames.empty()) return;
    std::set<FunctionKey> seen;  // recursion counts once
    for (const StackEntry& entry : frames) seen.emplace(entry.frame->name, entry.frame->module);
    for (const FunctionKey& key : seen) sums.functions[key].second += nanos;
    sums.functions[{frames.front().frame->name, frames.front().frame->module}].first += nanos;
}

void add_waiting(ServiceSums& sums, const std::vector<StackEntry>& frames, const StackSample& sample,
                 std::string_view kind) {
    sums.waiting += sample.nanos();
    if (frames.empty()) return;
    auto place = std::find_if(frames.begin(), frames.end(), [](const StackEntry& entry) { return !entry.frame->kernel; });
    if (place == frames.end()) place = frames.begin();
    const auto outside =
        std::find_if_not(place, frames.end(), [](const StackEntry& entry) { return is_in_c_library(entry); });
    const std::string_view caller = outside != place && outside != frames.end() ? outside->frame->name : std::string_view();
    WaitTime& wait = sums.waits[{place->frame->name, place->frame->module, caller, kind}];
    wait.function = place->frame->name;
    wait.module = place->frame->module;
    wait.caller = caller;
    wait.kind = kind;
    wait.nanos += sample.nanos();
    wait.waits += sample.samples();
}

ServiceTime sorted(std::string_view service, const ServiceSums& sums) {
    ServiceTime out{.service = std::string(service), .running = sums.running, .waiting = sums.waiting};
    for (const auto& [key, times] : sums.functions) {
        if (times.first == 0) continue;
        out.functions.push_back({std::string(key.first), std::string(key.second), times.first, times.second});
    }
    out.waits.reserve(sums.waits.size());
    for (const auto& [key, wait] : sums.waits) out.waits.push_back(wait);
    // What is equal stays in the order of the names.
    std::stable_sort(out.functions.begin(), out.functions.end(),
                     [](const auto& a, const auto& b) { return a.self > b.self; });
    std::stable_sort(out.waits.begin(), out.waits.end(), [](const auto& a, const auto& b) { return a.nanos > b.nanos; });
    return out;
}

}  // namespace

StackCompleteness completeness(const Stacks& stacks) {
    StackCompleteness out{.user_frames = stacks.user_frames(), .guessed_frames = stacks.guessed_frames()};
    if (stacks.has_complete_with_guesses()) out.complete_with_guesses = stacks.complete_with_guesses();
    for (const auto& [stop, walks] : stacks.stops()) {
        if (stop == "no_user_stack" || walks == 0) continue;
        out.walks += walks;
        if (is_complete(stop)) {
            out.complete += walks;
        } else {
            out.stops.emplace_back(stop, walks);
        }
    }
    for (const auto& [stop, walks] : stacks.script_stops()) {
        out.script_walks += walks;
        if (stop == "complete") {
            out.script_complete += walks;
        } else if (walks != 0) {
            out.script_stops.emplace_back(stop, walks);
        }
    }
    const auto most_first = [](const auto& a, const auto& b) {
        return std::tie(b.second, a.first) < std::tie(a.second, b.first);
    };
    std::sort(out.stops.begin(), out.stops.end(), most_first);
    std::sort(out.script_stops.begin(), out.script_stops.end(), most_first);
    return out;
}

std::vector<ServiceTime> time_by_service(const StackReader& reader) {
    std::map<std::string_view, ServiceSums> services;
    for (const StackSample& sample : reader.stacks().samples()) {
        ServiceSums& sums = services[reader.text(sample.service())];
        const std::vector<StackEntry> frames = reader.frames_of(sample);
        if (sample.state() == STACK_QUEUED) {
            add_waiting(sums, frames, sample, "cpu");
        } else if (sample.state() == STACK_BLOCKED) {
            const std::string_view wait = reader.text(sample.wait());
            add_waiting(sums, frames, sample, wait.empty() ? "other" : wait);
        } else {
            add_running(sums, frames, sample.nanos());
        }
    }
    std::vector<ServiceTime> out;
    out.reserve(services.size());
    for (const auto& [service, sums] : services) out.push_back(sorted(service, sums));
    std::stable_sort(out.begin(), out.end(), [](const ServiceTime& a, const ServiceTime& b) {
        return std::tie(a.running, a.waiting) > std::tie(b.running, b.waiting);
    });
    return out;
}

}  // namespace footfall
