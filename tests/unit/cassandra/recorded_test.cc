// What DataStax's Python driver 3.25 and Cassandra 4.1.5 said to each other, in all three versions of the protocol.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/cassandra/wire.h"
#include "tests/unit/support/seed_player.h"

namespace footfall::cassandra {
namespace {

class RecordedCassandra : public ::testing::TestWithParam<std::string> {
protected:
    static std::vector<RecordedMessage> recorded(const std::string& name) {
        return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "cassandra/" + name);
    }
    static std::map<std::string, int> counted(const Wire& wire) {
        std::map<std::string, int> counts;
        for (const std::string& use : wire.uses()) ++counts[use];
        return counts;
    }
};

const std::map<std::string, int> kStatements{{"OPTIONS ok", 1},
                                             {"STARTUP ok", 1},
                                             {"CREATE KEYSPACE ok", 1},
                                             {"DROP TABLE shop.orders_{n} ok", 1},
                                             {"CREATE TABLE shop.orders ok", 1},
                                             {"PREPARE INSERT shop.orders ok", 1},
                                             {"PREPARE SELECT shop.orders ok", 1},
                                             {"INSERT shop.orders ok", 25},
                                             {"BATCH shop.orders ok", 2},
                                             {"_OTHER SyntaxError", 1},
                                             {"SELECT shop.nosuch Invalid", 1},
                                             {"INSERT shop.orders Invalid", 1}};

std::map<std::string, int> statements_of(const std::string& version) {
    std::map<std::string, int> statements = kStatements;
    statements["SELECT shop.orders ok"] = version == "v3" ? 6 : 7;
    if (version == "v3") return statements;
    statements["SELECT system_traces.sessions ok"] = 1;
    statements["SELECT system_traces.events ok"] = 1;
    return statements;
}

TEST_P(RecordedCassandra, EachRequestIsAUse) {
    Wire wire;
    play(wire, recorded(GetParam() + "_statements"));
    EXPECT_EQ(counted(wire), statements_of(GetParam()));
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST_P(RecordedCassandra, TheClientsEndSeesTheSame) {
    Wire wire;
    play(wire, recorded(GetParam() + "_statements"), true);
    EXPECT_EQ(counted(wire), statements_of(GetParam()));
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST_P(RecordedCassandra, BytesThatComeOneByOneAreTheSame) {
    Wire wire;
    play_bytewise(wire, recorded(GetParam() + "_statements"));
    EXPECT_EQ(counted(wire), statements_of(GetParam()));
}

TEST_P(RecordedCassandra, TheControlConnectionAsksAndIsTold) {
    Wire wire;
    play(wire, recorded(GetParam() + "_control"));
    const auto counts = counted(wire);
    EXPECT_EQ(counts.at("OPTIONS ok"), 1);
    EXPECT_EQ(counts.at("REGISTER ok"), 1);
    EXPECT_EQ(counts.at("SELECT system.local ok"), 2);
    EXPECT_TRUE(wire.sink.lost.empty()) << "events are no uses and no losses";
}

TEST_P(RecordedCassandra, FromAnyMessageOnAllThatBeginsIsCounted) {
    const auto messages = recorded(GetParam() + "_statements");
    for (std::size_t first = 1; first < messages.size(); ++first) {
        Wire wire(true);
        Wire whole;
        play(whole, {messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(first)});
        const std::size_t before = whole.sink.seen.size();
        const std::size_t open = whole.reader.started() - before;
        play(whole, {messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end()});
        play(wire, {messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end()});
        EXPECT_EQ(wire.sink.seen.size() + wire.sink.lost.size(), whole.sink.seen.size() - before) << first;
        EXPECT_EQ(wire.sink.lost.size(), open) << first << ": those whose requests were not seen";
        EXPECT_TRUE(wire.all_accounted());
    }
}

INSTANTIATE_TEST_SUITE_P(EachVersion, RecordedCassandra, ::testing::Values("v3", "v4", "v5"),
                         [](const auto& version) { return version.param; });

}  // namespace
}  // namespace footfall::cassandra
