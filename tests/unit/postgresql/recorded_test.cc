// What psql, pgbench and PostgreSQL 15 said to each other (recorded/record.py).
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/postgresql/harness.h"

namespace footfall::postgresql {
namespace {

using ::testing::IsSupersetOf;

std::string contents_of(const std::string& name) {
    std::ifstream file(FOOTFALL_RECORDED_POSTGRESQL "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Piece {
    bool request = false;
    std::string bytes;
};

std::vector<Piece> pieces_of(const std::string& name) {
    constexpr std::size_t kHead = 5;
    const std::string records = contents_of(name);
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at + kHead <= records.size();) {
        std::uint32_t length = 0;
        std::memcpy(&length, records.data() + at + 1, sizeof length);
        pieces.push_back({records[at] == '<', records.substr(at + kHead, length)});
        at += kHead + length;
    }
    return pieces;
}

Direction direction_of(const Piece& piece, Role role) { return piece.request == (role == Role::kServer) ? kIn : kOut; }

// As the server read and wrote it, or as the client did; in pieces of so many bytes at most.
Uses uses_of(const std::string& name, Role role, std::size_t most) {
    Wire wire;
    for (const Piece& piece : pieces_of(name)) {
        for (std::size_t done = 0; done < piece.bytes.size(); done += most) {
            wire.reader.on_bytes(direction_of(piece, role), std::string_view(piece.bytes).substr(done, most), true,
                                 wire.tick());
        }
    }
    wire.close();
    EXPECT_TRUE(wire.sink.lost.empty());
    EXPECT_TRUE(wire.all_accounted());
    for (const Seen& each : wire.sink.seen) EXPECT_EQ(each.exchange.role, role);
    return wire.uses();
}

// "SELECT t ok 40-60": with the times of its first and its last byte, by which its own answer is known.
std::vector<std::string> timed_uses(const Wire& wire) {
    std::vector<std::string> texts;
    for (const Seen& each : wire.sink.seen) {
        texts.push_back(each.text() + " " + std::to_string(each.exchange.begin.nanoseconds) + "-" +
                        std::to_string(each.exchange.end.nanoseconds));
    }
    return texts;
}

// What footfall sees that comes in front of this piece of the connection.
std::vector<std::string> timed_uses_from(const std::vector<Piece>& pieces, std::size_t first, Role role) {
    Wire wire(first > 0);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const Stamp stamp = wire.tick();
        if (i >= first) wire.reader.on_bytes(direction_of(pieces[i], role), pieces[i].bytes, true, stamp);
    }
    wire.close();
    EXPECT_TRUE(wire.all_accounted()) << first;
    return timed_uses(wire);
}

// The event of this piece was lost.
std::vector<std::string> timed_uses_without(const std::vector<Piece>& pieces, std::size_t lost, Role role) {
    Wire wire;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const Stamp stamp = wire.tick();
        const Direction direction = direction_of(pieces[i], role);
        if (i == lost) {
            wire.reader.on_gap(direction, pieces[i].bytes.size(), stamp);
        } else {
            wire.reader.on_bytes(direction, pieces[i].bytes, true, stamp);
        }
    }
    wire.close();
    EXPECT_TRUE(wire.all_accounted()) << lost;
    return timed_uses(wire);
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

const Uses kSyncs{"CREATE TABLE t ok", "SELECT pg_database ok", "INSERT t ok",           "SELECT pg_database ok",
                  "SELECT t ok",       "UPDATE t ok",           "SELECT pg_database ok", "SELECT pg_type 22012",
                  "SELECT pg_proc ok", "DELETE t ok",           "SELECT t ok",           "SELECT pg_database ok",
                  "SELECT pg_am ok",   "SELECT pg_am ok",       "SELECT pg_am ok"};

TEST(Recorded, ManySyncsUnderWay) { expect_uses("syncs", kSyncs); }

// A name that is told of another: a use that a reader which saw everything does not know.
TEST(Recorded, NoUseIsMadeUpWhereverFootfallCame) {
    const std::vector<Piece> pieces = pieces_of("syncs");
    for (const Role role : {Role::kServer, Role::kClient}) {
        const std::vector<std::string> all = timed_uses_from(pieces, 0, role);
        ASSERT_EQ(all.size(), kSyncs.size());
        for (std::size_t first = 1; first < pieces.size(); ++first) {
            EXPECT_THAT(all, IsSupersetOf(timed_uses_from(pieces, first, role))) << first;
        }
        EXPECT_THAT(timed_uses_from(pieces, 1, role), IsSupersetOf(std::vector(all.begin(), all.end())));
    }
}

TEST(Recorded, NoUseIsMadeUpWhicheverEventIsLost) {
    const std::vector<Piece> pieces = pieces_of("syncs");
    for (const Role role : {Role::kServer, Role::kClient}) {
        const std::vector<std::string> all = timed_uses_from(pieces, 0, role);
        for (std::size_t lost = 3; lost < pieces.size(); ++lost) {
            EXPECT_THAT(all, IsSupersetOf(timed_uses_without(pieces, lost, role))) << lost;
        }
    }
}

}  // namespace
}  // namespace footfall::postgresql
