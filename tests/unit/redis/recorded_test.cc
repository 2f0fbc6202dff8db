// Connections that were recorded from redis-server 7.0.15 and real clients: redis-py, redis-benchmark, a shell.
#include <gtest/gtest.h>

#include <map>

#include "tests/fuzz/recorded_connection.h"
#include "tests/unit/redis/harness.h"

namespace footfall::redis {
namespace {

using Messages = std::vector<RecordedMessage>;

Messages recorded(const std::string& name) {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "redis/" + name);
}

// client: the other end is watched.
void play(Wire& wire, const Messages& messages, bool client = false) {
    for (const RecordedMessage& message : messages) {
        (message.direction == kIn) != client ? wire.received(message.bytes) : wire.sent(message.bytes);
    }
    wire.close();
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
        play(wire, recorded("commands"), client);
        EXPECT_EQ(counted(wire), kCommands);
        EXPECT_EQ(wire.last().role, client ? Role::kClient : Role::kServer);
        EXPECT_TRUE(wire.sink.lost.empty());
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RecordedRedis, BytesThatComeOneByOneAreTheSame) {
    Wire wire;
    for (const RecordedMessage& message : recorded("commands")) wire.one_by_one(message.direction, message.bytes);
    wire.close();
    EXPECT_EQ(counted(wire), kCommands);
}

TEST(RecordedRedis, FromTheMiddleOnAllThatBeginsIsCounted) {
    const Messages messages = recorded("commands");
    Wire whole;
    play(whole, messages);
    const Uses all = whole.uses();
    for (std::size_t first = 1; first < messages.size(); ++first) {
        Wire wire(true);
        play(wire, {messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end()});
        const Uses uses = wire.uses();
        ASSERT_LE(uses.size(), all.size());
        EXPECT_EQ(uses, Uses(all.end() - static_cast<std::ptrdiff_t>(uses.size()), all.end())) << first;
        EXPECT_TRUE(wire.all_accounted());
        EXPECT_TRUE(messages[first].direction == kOut || messages.size() - first < 12 || !uses.empty()) << first;
    }
}

TEST(RecordedRedis, PushedMessagesInResp3AreNoUses) {
    Wire wire;
    play(wire, recorded("resp3"));
    EXPECT_EQ(wire.uses(), (Uses{"HELLO ok", "DEL ok", "HSET ok", "HGETALL ok", "SADD ok", "SMEMBERS ok", "ZADD ok",
                                 "ZSCORE ok", "GET ok", "SUBSCRIBE ok", "PING ok", "UNSUBSCRIBE ok", "CLIENT TRACKING ok",
                                 "GET ok", "CLIENT REPLY unknown", "SET unknown", "GET ok", "GET WRONGTYPE", "QUIT ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(RecordedRedis, ASubscriberInResp2) {
    Wire wire;
    play(wire, recorded("subscribe-2"));
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
        play(wire, recorded("transactions"), client);
        EXPECT_EQ(wire.uses(), due);
        EXPECT_TRUE(wire.all_accounted());
        Wire pipelined;
        play(pipelined, recorded("transactions-2"), client);
        EXPECT_EQ(pipelined.uses(), (Uses{"MULTI ok", "SET ok", "LPUSH WRONGTYPE", "INCRBY ok", "GET ok", "EXEC ok"}));
        EXPECT_TRUE(pipelined.all_accounted());
    }
    Wire bytewise;
    for (const RecordedMessage& message : recorded("transactions")) bytewise.one_by_one(message.direction, message.bytes);
    EXPECT_EQ(bytewise.uses(), due);
}

TEST(RecordedRedis, FromTheMiddleOfATransactionOnNoOutcomeIsMadeUp) {
    const Messages messages = recorded("transactions");
    Wire whole;
    play(whole, messages);
    const Uses all = whole.uses();
    for (std::size_t first = 1; first < messages.size(); ++first) {
        Wire wire(true);
        play(wire, {messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end()});
        const Uses uses = wire.uses();
        ASSERT_LE(uses.size(), all.size());
        for (std::size_t i = 0; i < uses.size(); ++i) {
            const std::string& due = all[all.size() - uses.size() + i];
            EXPECT_TRUE(uses[i] == due || uses[i] == due.substr(0, due.find(' ')) + " unknown") << first << uses[i] << due;
        }
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RecordedRedis, PipelinesMonitorsLinesAndReplicas) {
    Wire pipelined;
    play(pipelined, recorded("benchmark-4"));
    EXPECT_EQ(counted(pipelined), (std::map<std::string, int>{{"SET ok", 16}}));
    Wire monitor;
    play(monitor, recorded("monitor"));
    EXPECT_EQ(monitor.uses(), (Uses{"MONITOR ok", "PING ok", "QUIT ok"}));
    Wire lines;
    play(lines, recorded("inline"));
    EXPECT_EQ(lines.uses(), (Uses{"PING ok", "SET ok", "GET ok", "_OTHER ERR", "QUIT ok"}));
    Wire replica;
    play(replica, recorded("replica"));
    EXPECT_EQ(replica.uses(), (Uses{"PING ok", "REPLCONF ok", "PSYNC ok"}));
}

}  // namespace
}  // namespace footfall::redis
