// What psql, pgbench and PostgreSQL 15 said to each other (recorded/record.py).
#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/unit/postgresql/harness.h"

namespace footfall::postgresql {
namespace {

std::string contents_of(const std::string& name) {
    std::ifstream file(FOOTFALL_RECORDED_POSTGRESQL "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// As the server read and wrote it, or as the client did; in pieces of so many bytes at most.
Uses uses_of(const std::string& name, Role role, std::size_t piece) {
    constexpr std::size_t kHead = 5;
    const std::string records = contents_of(name);
    Wire wire;
    for (std::size_t at = 0; at + kHead <= records.size();) {
        std::uint32_t length = 0;
        std::memcpy(&length, records.data() + at + 1, sizeof length);
        const bool request = records[at] == '<';
        const Direction direction = request == (role == Role::kServer) ? kIn : kOut;
        at += kHead;
        for (std::size_t done = 0; done < length; done += piece) {
            wire.reader.on_bytes(direction, std::string_view(records).substr(at + done, std::min(piece, length - done)),
                                 true, wire.tick());
        }
        at += length;
    }
    wire.close();
    EXPECT_TRUE(wire.sink.lost.empty());
    EXPECT_TRUE(wire.all_accounted());
    for (const Seen& each : wire.sink.seen) EXPECT_EQ(each.exchange.role, role);
    return wire.uses();
}

void expect_uses(const std::string& name, const Uses& expected) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
        EXPECT_EQ(uses_of(name, Role::kServer, piece), expected) << name << " in pieces of " << piece;
        EXPECT_EQ(uses_of(name, Role::kClient, piece), expected) << name << " in pieces of " << piece;
    }
}

TEST(Recorded, PgbenchInEachMode) {
    Uses expected;
    for (int i = 0; i < 3; ++i) {
        expected.emplace_back("SELECT pgbench_accounts ok");
        expected.emplace_back("UPDATE pgbench_tellers ok");
    }
    expect_uses("pgbench_simple", expected);
    expect_uses("pgbench_extended", expected);
    expect_uses("pgbench_prepared", expected);
}

TEST(Recorded, AScriptWithAnError) { expect_uses("script", {"CREATE TABLE t ok", "INSERT t ok", "INSERT t 23505"}); }

TEST(Recorded, CopyInAndOut) { expect_uses("copy", {"CREATE TABLE t ok", "COPY t ok", "COPY t ok"}); }

TEST(Recorded, APipelineWithAnError) {
    expect_uses("pipeline", {"SELECT pg_class ok", "SELECT pg_type 22012", "SELECT ok", "SELECT ok"});
}

}  // namespace
}  // namespace footfall::postgresql
