// One command is one use with its name and its error, as captured from redis-server 7.0.15.
#include "agent/protocols/redis/commands.h"

#include <gtest/gtest.h>

#include "tests/unit/redis/harness.h"

namespace footfall::redis {
namespace {

TEST(RedisCommands, AreNamedAndErrorsByTheirFirstWord) {
    Wire wire;
    wire.received("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
    wire.sent("+OK\r\n");
    wire.received("*2\r\n$3\r\nGET\r\n$4\r\nnone\r\n");
    wire.sent("$-1\r\n");
    wire.received("*5\r\n$5\r\nLPUSH\r\n$1\r\nk\r\n$1\r\nx\r\n$1\r\nx\r\n$1\r\nx\r\n");
    wire.sent("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
    wire.received("*3\r\n$6\r\nconfig\r\n$3\r\nget\r\n$9\r\nmaxmemory\r\n");
    wire.sent("*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
    wire.received("*2\r\n$3\r\nFOO\r\n$1\r\na\r\n");
    wire.sent("-ERR unknown command 'FOO', with args beginning with: 'a' \r\n");
    EXPECT_EQ(wire.uses(), (Uses{"SET ok", "GET ok", "LPUSH WRONGTYPE", "CONFIG GET ok", "_OTHER ERR"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.role, Role::kServer);
    EXPECT_EQ(wire.sink.seen[0].exchange.kind, Kind::kRedis);
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_in, 27U);
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_out, 5U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, MayBeLines) {
    Wire wire;
    wire.received("hset h f v\r\n");
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.sent(":1\r\n");
    wire.received("FT.SEARCH idx *\nlrange l 0 -1\r\nconfig get save\r\n\r\nset k \"a b\"\r\n");
    wire.sent("-ERR unknown command 'FT.SEARCH', with args beginning with: 'idx' '*' \r\n*0\r\n*0\r\n+OK\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"HSET ok", "_OTHER ERR", "LRANGE ok", "CONFIG GET ok", "SET ok"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_in, 12U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, LinesThatAreNotAnsweredInRespAreNone) {
    for (const auto* reply :
         {"250 mail.example\r\n", "PONG\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "STORED\r\n", "OK\n"}) {
        Wire wire;
        wire.received("SORT OUT\r\n");
        wire.sent(reply);
        EXPECT_EQ(wire.reader.standing(), Standing::kRefuted) << reply;
        EXPECT_TRUE(wire.uses().empty());
        EXPECT_TRUE(wire.sink.lost.empty());
    }
}

TEST(RedisCommands, OfAClientAreItsUses) {
    Wire wire;
    wire.sent(ask({"GET", "k"}));
    wire.received("$1\r\nv\r\n");
    ASSERT_EQ(wire.uses(), Uses{"GET ok"});
    EXPECT_EQ(wire.last().role, Role::kClient);
    EXPECT_EQ(wire.last().bytes_in, 7U);
}

TEST(RedisCommands, WhatIsNoUsualErrorIsOther) {
    Wire wire;
    for (const auto* error : {"-My error\r\n", "-ERR\r\n", "-\r\n", "-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 too long\r\n",
                              "-NOSCRIPT No matching\r\n", "!11\r\nSYNTAX oops\r\n"}) {
        wire.received(ask({"EVAL", "return 1", "0"}));
        wire.sent(error);
    }
    EXPECT_EQ(wire.uses(), (Uses{"EVAL _OTHER", "EVAL ERR", "EVAL _OTHER", "EVAL _OTHER", "EVAL NOSCRIPT", "EVAL SYNTAX"}));
}

TEST(RedisCommands, KeysAndValuesNeverBecomeNames) {
    Wire wire;
    wire.received(ask({"secret", "secret"}) + ask({"GET", "GET"}) + ask({"CONFIG", "secret"}) + ask({"CONFIG GET", "x"}) +
                  ask({"OBJECT", "encoding", "k"}) + ask({std::string(100, 'A')}));
    wire.sent(times(6, "+OK\r\n"));
    EXPECT_EQ(wire.uses(), (Uses{"_OTHER ok", "GET ok", "CONFIG ok", "_OTHER ok", "OBJECT ENCODING ok", "_OTHER ok"}));
}

TEST(RedisCommands, EachNameIsFoundInAnyCase) {
    for (std::size_t i = 0; i < kCommandNames.size(); ++i) {
        const std::string_view name = kCommandNames[i];
        const std::size_t space = name.find(' ');
        const std::string_view subcommand = space == std::string_view::npos ? "" : name.substr(space + 1);
        std::string lower(name.substr(0, space));
        for (char& byte : lower) {
            if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte + ('a' - 'A'));
        }
        EXPECT_EQ(name_of(command_of(name.substr(0, space), subcommand)), name);
        EXPECT_EQ(name_of(command_of(lower, subcommand)), name);
        EXPECT_EQ(command_of(std::string(name) + '\0', {}), kOtherCommand) << name;
        if (space == std::string_view::npos) continue;
        EXPECT_EQ(command_of(name, {}), kOtherCommand) << name;
    }
    for (const char* word : {"GE", "GETT", "G", "g\xC5T", "\xC7\xC5\xD4", "get ", "[ET"})
        EXPECT_EQ(command_of(word, {}), kOtherCommand);
}

TEST(RedisCommands, PipelinedAreAnsweredInTheirOrder) {
    for (const std::size_t depth : {16, 1000}) {
        Wire wire;
        wire.received(times(depth / 2, ask({"SET", "k", "v"}) + ask({"GET", "k"})));
        EXPECT_TRUE(wire.uses().empty());
        wire.sent(times(depth / 2, "+OK\r\n$1\r\nv\r\n"));
        ASSERT_EQ(wire.sink.seen.size(), depth);
        for (std::size_t i = 0; i < depth; ++i) EXPECT_EQ(wire.sink.seen[i].method, i % 2 == 0 ? "SET" : "GET");
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RedisCommands, OfAPipelineThatAreEqualComeAsOneWithACount) {
    Wire wire;
    wire.received(times(3, ask({"GET", "k"})) + ask({"GET", "longer"}) + times(2, ask({"GET", "k"})));
    wire.sent(times(2, "$1\r\nv\r\n") + "$2\r\nvv\r\n" + times(2, "$1\r\nv\r\n") + "-ERR x\r\n");
    std::vector<std::uint32_t> counts;
    for (const Seen& seen : wire.sink.seen) counts.push_back(seen.exchange.count);
    EXPECT_EQ(counts, (std::vector<std::uint32_t>{2, 2, 1, 1, 1, 1})) << "not where bytes or outcomes differ";
    EXPECT_EQ(wire.uses(), (Uses{"GET ok", "GET ok", "GET ok", "GET ok", "GET ok", "GET ERR"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, AreTheSameWhereverAPipelineIsCut) {
    const std::string asked = ask({"SET", "k", "v"}) + ask({"config", "get", "x"}) + ask({"INCR", "k"});
    const std::string answered = "+OK\r\n$-1\r\n:12\r\n";
    for (std::size_t cut = 1; cut < asked.size(); ++cut) {
        Wire wire;
        wire.received(asked.substr(0, cut));
        wire.received(asked.substr(cut));
        wire.sent(answered.substr(0, cut));
        if (cut < answered.size()) wire.sent(answered.substr(cut));
        EXPECT_EQ(wire.uses(), (Uses{"SET ok", "CONFIG GET ok", "INCR ok"})) << cut;
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RedisCommands, AreTheSameHoweverTheBytesAreSplit) {
    Wire wire;
    wire.one_by_one(kIn, ask({"CLIENT", "SETNAME", "x"}) + ask({"GET", "k"}));
    wire.one_by_one(kOut, "+OK\r\n$10\r\n0123456789\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"CLIENT SETNAME ok", "GET ok"}));
    EXPECT_EQ(wire.last().bytes_out, 17U);
}

TEST(RedisCommands, RepliesOfEveryTypeAreOne) {
    Wire wire;
    const Uses replies{"+OK\r\n", ":1\r\n", "$-1\r\n", "$0\r\n\r\n", "*-1\r\n", "*0\r\n",
                       "*2\r\n*2\r\n:1\r\n*0\r\n$3\r\nabc\r\n",
                       // RESP3
                       "_\r\n", "#t\r\n", ",1.5\r\n", ",inf\r\n", "(1234567999999999999999999999999999999\r\n",
                       "=8\r\ntxt:abcd\r\n", "%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n_\r\n", "~2\r\n+a\r\n#f\r\n",
                       "|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n", "*2\r\n|1\r\n+ttl\r\n:3600\r\n:1\r\n:2\r\n", "%0\r\n"};
    wire.received(times(replies.size(), ask({"GET", "k"})));
    for (std::size_t i = 0; i < replies.size(); ++i) {
        wire.sent(replies[i]);
        EXPECT_EQ(wire.sink.seen.size(), i + 1) << replies[i];
    }
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, OfATransactionAreUsesWhenTheyAreQueued) {
    Wire wire;
    wire.received(
        "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\n1\r\n*2\r\n$4\r\nINCR\r\n$1\r\nx\r\n*1\r\n$4\r\nEXEC\r\n");
    wire.sent("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n");
    wire.received(ask({"EXEC"}));
    wire.sent("-EXECABORT Transaction discarded because of previous errors.\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"MULTI ok", "SET ok", "INCR ok", "EXEC ok", "EXEC EXECABORT"}));
}

TEST(RedisCommands, OfATransactionFailWithTheirValueInItsAnswer) {
    Wire wire;
    wire.received(ask({"MULTI"}) + ask({"LPUSH", "k", "v"}) + ask({"GET", "k"}));
    wire.sent("+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    const MonotonicTime queued{wire.now};
    EXPECT_EQ(wire.uses(), Uses{"MULTI ok"}) << "what comes of the others is not known yet";
    wire.received(ask({"EXEC"}));
    wire.sent("*2\r\n-WRONGTYPE Operation\r\n$3\r\nabc\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"MULTI ok", "LPUSH WRONGTYPE", "GET ok", "EXEC ok"}));
    EXPECT_EQ(wire.sink.seen[1].exchange.end, queued);
    EXPECT_EQ(wire.sink.seen[1].exchange.bytes_out, 9U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, OfATransactionMayAnswerWithValuesOfAnyDepth) {
    Wire wire;
    wire.received(ask({"MULTI"}) + times(7, ask({"GET", "k"})) + ask({"EXEC"}));
    wire.sent("+OK\r\n" + times(7, "+QUEUED\r\n"));
    wire.sent("*7\r\n*2\r\n*1\r\n-ERR inner\r\n-ERR inner\r\n|1\r\n-A b\r\n:1\r\n-OUTER x\r\n*0\r\n%1\r\n-B c\r\n:2\r\n");
    wire.sent("!9\r\nBULK oops\r\n*-1\r\n-LAST one\r\n");
    EXPECT_EQ(wire.uses(),
              (Uses{"MULTI ok", "GET ok", "GET OUTER", "GET ok", "GET ok", "GET _OTHER", "GET ok", "GET LAST", "EXEC ok"}));
}

TEST(RedisCommands, OfATransactionThatDoesNotEndAreOfUnknownOutcome) {
    for (const bool closes : {false, true}) {
        Wire wire;
        wire.received(ask({"MULTI"}) + ask({"SET", "k", "v"}) + ask({"FOO"}));
        wire.sent("+OK\r\n+QUEUED\r\n-ERR unknown command\r\n");
        closes ? wire.close() : wire.session_end();
        EXPECT_EQ(wire.uses(), (Uses{"MULTI ok", "SET unknown", "_OTHER ERR"}));
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RedisCommands, OfALongTransactionAreAllCountedAndTheFirstErrorsKept) {
    constexpr std::size_t kCommands = 20000;  // more than may wait
    Wire wire;
    wire.received(ask({"MULTI"}));
    wire.sent("+OK\r\n");
    for (std::size_t i = 0; i < kCommands; ++i) {
        wire.received(ask({"GET", "k"}));
        wire.sent("+QUEUED\r\n");
    }
    wire.received(ask({"EXEC"}));
    wire.sent("*20000\r\n" + times(kCommands - 100, ":1\r\n") + times(100, "-ERR x\r\n"));
    Uses uses = wire.uses();
    ASSERT_EQ(uses.size(), kCommands + 2);
    EXPECT_EQ(uses[1], "GET unknown") << "released before the end";
    EXPECT_EQ(uses[kCommands - 100], "GET ok");
    EXPECT_EQ(std::count(uses.begin(), uses.end(), "GET ERR"), 64);
    EXPECT_EQ(uses[kCommands - 100 + 65], "GET unknown") << "more errors than are kept";
    EXPECT_EQ(uses.back(), "EXEC ok");
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, QueuedOutsideOfAKnownTransactionAreOfUnknownOutcome) {
    Wire wire;
    wire.received(ask({"EVAL", "return redis.status_reply('QUEUED')", "0"}));
    wire.sent("+QUEUED\r\n");
    EXPECT_EQ(wire.uses(), Uses{"EVAL unknown"});
}

TEST(RedisCommands, OfATransactionMayBeAnsweredBeforeTheyAreSeen) {
    Wire wire;
    wire.sent(ask({"MULTI"}));
    wire.received("+OK\r\n");
    wire.sent(ask({"SET", "k", "v"}));
    wire.received("+QUEUED\r\n+QUEUED\r\n");
    wire.sent(ask({"GET", "k"}));
    wire.sent(ask({"EXEC"}));
    wire.received("*2\r\n+OK\r\n-WRONGTYPE x\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"MULTI ok", "SET unknown", "GET unknown", "EXEC ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, MayComeAsLines) {
    Wire wire;
    wire.received("PING\r\n");
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.sent("+PONG\r\n");
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
    wire.received("\r\nset a b\r\nget a\n  config   get x\r\n");
    wire.sent("+OK\r\n$1\r\nb\r\n*0\r\n");
    wire.received("nonsense x\r\n");
    wire.sent("-ERR unknown command 'nonsense', with args beginning with: 'x' \r\n");
    EXPECT_EQ(wire.uses(), (Uses{"PING ok", "SET ok", "GET ok", "CONFIG GET ok", "_OTHER ERR"}));
}

TEST(RedisCommands, WithoutReplyAreUsesOfUnknownOutcome) {
    Wire wire;
    wire.received(ask({"CLIENT", "REPLY", "OFF"}));
    wire.received(ask({"SET", "a", "1"}));
    wire.received(ask({"client", "reply", "on"}));
    wire.sent("+OK\r\n");
    wire.received(ask({"CLIENT", "REPLY", "SKIP"}) + ask({"SET", "a", "2"}) + ask({"GET", "a"}));
    wire.sent("$1\r\n2\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"CLIENT REPLY unknown", "SET unknown", "CLIENT REPLY ok", "CLIENT REPLY unknown",
                                 "SET unknown", "GET ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, CutShortAreErrorsOfTheConnectionsEnd) {
    Wire wire;
    wire.received(ask({"BLPOP", "q", "0"}) + ask({"GET", "k"}));
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), (Uses{"BLPOP reset", "GET reset"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, ShutdownIsAnsweredByTheEnd) {
    Wire wire;
    wire.received(ask({"SHUTDOWN", "NOSAVE"}));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SHUTDOWN ok"});
}

TEST(RedisCommands, ThatWaitWhenFootfallStopsAreUnfinished) {
    Wire wire;
    wire.received(ask({"BLPOP", "q", "0"}));
    wire.session_end();
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, AreFastEnoughToBeAnsweredBeforeTheyAreSeen) {
    Wire wire;
    wire.sent(ask({"GET", "a"}));
    wire.received("$1\r\na\r\n");
    wire.received("+OK\r\n");
    wire.sent(ask({"SET", "a", "b"}));
    wire.sent(ask({"DEL", "a"}));
    wire.received(":1\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"GET ok", "SET ok", "DEL ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisCommands, ReplicationIsOneUse) {
    Wire wire;
    wire.received(ask({"PSYNC", "?", "-1"}));
    wire.sent("\n");
    wire.sent("\n");
    wire.sent("+FULLRESYNC 55c680eeaa07a0e44dc47f0e9b8999a00f9dfabc 0\r\n$2120\r\nREDIS0010");
    wire.sent(ask({"SET", "a", "b"}));
    wire.received(ask({"REPLCONF", "ACK", "12"}));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"PSYNC ok"});
    EXPECT_TRUE(wire.all_accounted());

    Wire refused;
    refused.received(ask({"PSYNC", "?", "-1"}));
    refused.sent("-NOAUTH Authentication required.\r\n");
    refused.received(ask({"AUTH", "secret"}));
    refused.sent("+OK\r\n");
    EXPECT_EQ(refused.uses(), (Uses{"PSYNC NOAUTH", "AUTH ok"}));
}

TEST(RedisCommands, OfAWarmConnectionStartAgainWithTheNext) {
    Wire wire;
    wire.received(ask({"GET", "k"}));
    wire.close();
    wire.reader.restart({ConnectionId{8}, false, &wire.sink});
    wire.sent(ask({"PING"}));
    wire.received("+PONG\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"GET closed", "PING ok"}));
    EXPECT_EQ(wire.last().role, Role::kClient);
}

}  // namespace
}  // namespace footfall::redis
