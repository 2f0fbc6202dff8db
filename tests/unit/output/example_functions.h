// Sessions that count functions of a shop, as tests of merging, tables and JSON use them.
#pragma once

#include <string>
#include <vector>

#include "output/session/watched.h"
#include "tests/unit/output/example_snapshot.h"

namespace footfall {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNoon = 1763812800 * kSecond;  // 2025-11-22 12:00 UTC

struct Called {
    std::string name;
    std::uint64_t address = 0;
    std::uint64_t calls = 0;
};

struct FunctionSession {
    std::int64_t start = kNoon;
    std::uint64_t seconds = 10;
    std::string build_id = "b1b1b1b1b1b1b1b1";
    std::string path = "/usr/bin/shop";
    std::string host = "web1";
    std::uint64_t lost = 0;
};

inline FunctionUse function_of(const Called& called, const Watched& watched) {
    FunctionUse use;
    use.set_name(called.name);
    use.set_address(called.address);
    use.set_calls(called.calls);
    use.set_instruction("endbr64");
    use.set_emulated(true);
    use.set_expected_nanos(900);
    if (called.calls == 0) return use;
    use.set_first_seen_unix_nanos(watched.spans(0).start_unix_nanos());
    use.set_last_seen_unix_nanos(watched.spans(0).end_unix_nanos());
    return use;
}

inline Snapshot functions_session(const FunctionSession& facts, const std::vector<Called>& functions) {
    Snapshot snapshot;
    SessionInfo& info = *snapshot.mutable_session();
    info.set_start_unix_nanos(facts.start);
    info.set_duration_nanos(facts.seconds * kSecond);
    info.set_host(facts.host);
    info.set_source("live");
    info.add_target("pid=1");
    info.set_functions_alone(true);
    if (facts.lost > 0) (*snapshot.mutable_accounting()->mutable_dropped())["ring_full"] = facts.lost;
    FunctionFile& file = *snapshot.add_function_files();
    file.set_path(facts.path);
    file.set_build_id(facts.build_id);
    file.set_known(100);
    file.set_matched(functions.size());
    file.set_watched_nanos(info.duration_nanos());
    *file.mutable_watched() = watched_by_one(facts.start, info.duration_nanos(), facts.lost);
    for (const Called& called : functions) *file.add_functions() = function_of(called, file.watched());
    return snapshot;
}

}  // namespace footfall
