// Connections that were recorded from redis-server 7.0.15 and real clients: redis-py, redis-benchmark, a shell.
#include <gtest/gtest.h>

#include <map>

#include "tests/fuzz/recorded_connection.h"
#include "tests/unit/redis/harness.h"
#include "tests/unit/support/seed_player.h"

namespace footfall::redis {
namespace {

using Messages = std::vector<RecordedMessage>;

Messages recorded(const std::string& name) {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "redis/" + name);
}

std::map<std::string, int> counted(const Wire& wire) {
    std::map<std::string, int> counts;
    for (const std::string& use : wire.uses()) ++counts[use];
    return counts;
}

// What redis-py asked; its pipelines have a connection of their own.
const std::map<std::string, int> kCommands{{"BLPOP WRONGTYPE", 1}, {"BLPOP ok", 1},  {"CLIENT SETNAME ok", 1},
                                           {"CONFIG GET ok", 1},   {"EVAL ok", 1},   {"EVALSHA NOSCRIPT", 1},
                                           {"FLUSHALL ok", 1},     {"GET ok", 3},    {"HGETALL ok", 1},
                                           {"HSET ok", 1},         {"INCRBY ok", 1}, {"LPUSH WRONGTYPE", 1},
                                           {"LPUSH ok", 1},        {"LRANGE ok", 1}, {"OBJECT ENCODING ok", 1},
                                           {"SET ok", 2},          {"_OTHER ERR", 1}};

TEST(RecordedRedis, AClientsCommandsAreItsUsesAtBothEnds) {
    for (const bool client : {false, true}) {
        Wire wire;
        play_to_close(wire, recorded("commands"), client);
        EXPECT_EQ(counted(wire), kCommands);
        EXPECT_EQ(wire.last().role, client ? Role::kClient : Role::kServer);
        EXPECT_TRUE(wire.sink.lost.empty());
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RecordedRedis, BytesThatComeOneByOneAreTheSame) {
    Wire wire;
    play_bytewise(wire, recorded("commands"));
    wire.close();
    EXPECT_EQ(counted(wire), kCommands);
}

TEST(RecordedRedis, FromTheMiddleOnAllThatBeginsIsCounted) {
    const Messages messages = recorded("commands");
    play_from_each_on<Wire>(messages, [&](const LateUses& late) {
        EXPECT_EQ(late.uses, late.due) << late.first;
        const bool is_due = messages[late.first].direction == kIn && messages.size() - late.first >= 12;
        EXPECT_TRUE(!is_due || !late.uses.empty()) << late.first;
    });
}

TEST(RecordedRedis, PushedMessagesInResp3AreNoUses) {
    Wire wire;
    play_to_close(wire, recorded("resp3"));
    EXPECT_EQ(wire.uses(), (Uses{"HELLO ok", "DEL ok", "HSET ok", "HGETALL ok", "SADD ok", "SMEMBERS ok", "ZADD ok",
                                 "ZSCORE ok", "GET ok", "SUBSCRIBE ok", "PING ok", "UNSUBSCRIBE ok", "CLIENT TRACKING ok",
                                 "GET ok", "CLIENT REPLY unknown", "SET unknown", "GET ok", "GET WRONGTYPE", "QUIT ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(RecordedRedis, ASubscriberInResp2) {
    Wire wire;
    play_to_close(wire, recorded("subscribe-2"));
    EXPECT_EQ(wire.uses(), (Uses{"SUBSCRIBE ok", "PSUBSCRIBE ok", "PING ok", "UNSUBSCRIBE ok", "PUNSUBSCRIBE ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

// What redis-py was answered is what each use has, in the order of what was asked; values inside of values are no errors.
TEST(RecordedRedis, ATransactionsCommandsHaveTheErrorsOfItsAnswer) {
    const Uses due{
        "SET ok",         "DEL ok",    "RPUSH ok",                                                      //
        "MULTI ok",       "SET ok",    "LPUSH WRONGTYPE", "INCR ok",    "EXEC ok",                      //
        "MULTI ok",       "LRANGE ok", "INCR ERR",        "EVAL ok",    "EVAL OWN",       "LRANGE ok",  //
        "HGET WRONGTYPE", "GET ok",    "EXEC ok",                                                       //
        "MULTI ok",       "SET ok",    "_OTHER ERR",      "GET ok",     "EXEC EXECABORT",               //
        "MULTI ok",       "SET ok",    "GET ok",          "DISCARD ok",                                 //
        "WATCH ok",       "MULTI ok",  "SET ok",          "LPUSH ok",   "EXEC ok",        "PING ok",
    };
    for (const bool client : {false, true}) {
        Wire wire;
        play_to_close(wire, recorded("transactions"), client);
        EXPECT_EQ(wire.uses(), due);
        EXPECT_TRUE(wire.all_accounted());
        Wire pipelined;
        play_to_close(pipelined, recorded("transactions-2"), client);
        EXPECT_EQ(pipelined.uses(), (Uses{"MULTI ok", "SET ok", "LPUSH WRONGTYPE", "INCRBY ok", "GET ok", "EXEC ok"}));
        EXPECT_TRUE(pipelined.all_accounted());
    }
    Wire bytewise;
    play_bytewise(bytewise, recorded("transactions"));
    EXPECT_EQ(bytewise.uses(), due);
}

TEST(RecordedRedis, FromTheMiddleOfATransactionOnNoOutcomeIsMadeUp) {
    play_from_each_on<Wire>(recorded("transactions"), [](const LateUses& late) {
        for (std::size_t i = 0; i < late.uses.size(); ++i) {
            const std::string unknown = late.due[i].substr(0, late.due[i].find(' ')) + " unknown";
            EXPECT_TRUE(late.uses[i] == late.due[i] || late.uses[i] == unknown) << late.first << late.uses[i] << late.due[i];
        }
    });
}

TEST(RecordedRedis, PipelinesMonitorsLinesAndReplicas) {
    Wire pipelined;
    play_to_close(pipelined, recorded("benchmark-4"));
    EXPECT_EQ(counted(pipelined), (std::map<std::string, int>{{"SET ok", 16}}));
    Wire monitor;
    play_to_close(monitor, recorded("monitor"));
    EXPECT_EQ(monitor.uses(), (Uses{"MONITOR ok", "PING ok", "QUIT ok"}));
    Wire lines;
    play_to_close(lines, recorded("inline"));
    EXPECT_EQ(lines.uses(), (Uses{"PING ok", "SET ok", "GET ok", "_OTHER ERR", "QUIT ok"}));
    Wire replica;
    play_to_close(replica, recorded("replica"));
    EXPECT_EQ(replica.uses(), (Uses{"PING ok", "REPLCONF ok", "PSYNC ok"}));
}

}  // namespace
}  // namespace footfall::redis
