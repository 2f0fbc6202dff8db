// One command is one use with its name and its error, in text, meta and binary, as captured from memcached 1.6.18.
#include <gtest/gtest.h>

#include <string>

#include "agent/protocols/memcached/memcached_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::memcached {
namespace {

using namespace std::string_view_literals;
using Wire = WireOf<MemcachedReader>;

struct Turn {
    std::string_view request;
    std::string_view reply;
    std::string_view use;
};

constexpr std::array kText = std::to_array<Turn>({
    {"set k 0 0 1\r\nv\r\n", "STORED\r\n", "set ok"},
    {"get k none k\r\n", "VALUE k 0 1\r\nv\r\nVALUE k 0 1\r\nv\r\nEND\r\n", "get ok"},
    {"gets k\r\n", "VALUE k 0 1 1\r\nv\r\nEND\r\n", "gets ok"},
    {"get none\r\n", "END\r\n", "get ok"},
    {"add k 0 0 1\r\nv\r\n", "NOT_STORED\r\n", "add ok"},
    {"replace k 0 0 1\r\nv\r\n", "STORED\r\n", "replace ok"},
    {"cas k 0 0 1 999\r\nv\r\n", "EXISTS\r\n", "cas ok"},
    {"cas none 0 0 1 1\r\nv\r\n", "NOT_FOUND\r\n", "cas ok"},
    {"append k 0 0 1\r\nx\r\n", "STORED\r\n", "append ok"},
    {"prepend k 0 0 1\r\nx\r\n", "STORED\r\n", "prepend ok"},
    {"incr k 1\r\n", "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n", "incr CLIENT_ERROR"},
    {"incr n 5\r\n", "15\r\n", "incr ok"},
    {"decr n 8\r\n", "7\r\n", "decr ok"},
    {"incr none 1\r\n", "NOT_FOUND\r\n", "incr ok"},
    {"touch n 10\r\n", "TOUCHED\r\n", "touch ok"},
    {"gat 10 n none\r\n", "VALUE n 0 2\r\n7 \r\nEND\r\n", "gat ok"},
    {"gats 10 n\r\n", "VALUE n 0 2 5\r\n7 \r\nEND\r\n", "gats ok"},
    {"delete n\r\n", "DELETED\r\n", "delete ok"},
    {"delete n\r\n", "NOT_FOUND\r\n", "delete ok"},
    {"version\r\n", "VERSION 1.6.18\r\n", "version ok"},
    {"verbosity 1\r\n", "OK\r\n", "verbosity ok"},
    {"flush_all\r\n", "OK\r\n", "flush_all ok"},
    {"secret secret\r\n", "ERROR\r\n", "_OTHER ERROR"},
    {"set k 0 0 x\r\n", "CLIENT_ERROR bad command line format\r\n", "set CLIENT_ERROR"},
    {"get\r\n", "ERROR\r\n", "get ERROR"},
    {"stats reset\r\n", "RESET\r\n", "stats ok"},
    {"stats\r\n", "STAT pid 20116\r\nSTAT uptime 3\r\nEND\r\n", "stats ok"},
    {"set k 0 0 5\r\nvalue\r\n", "SERVER_ERROR object too large for cache\r\n", "set SERVER_ERROR"},
    {"lru_crawler metadump all\r\n", "key=secret exp=-1 la=1 cas=1\r\nEND\r\n", "lru_crawler ok"},
});

constexpr std::array kMetaCommands = std::to_array<Turn>({
    {"ms k 1\r\nv\r\n", "HD\r\n", "ms ok"},
    {"mg k v\r\n", "VA 1\r\nv\r\n", "mg ok"},
    {"mg k v k O123 q\r\n", "VA 1 kk O123\r\nv\r\n", "mg ok"},
    {"mg none v\r\n", "EN\r\n", "mg ok"},
    {"mg k s c O9\r\n", "HD s1 c8 O9\r\n", "mg ok"},
    {"ms k 1 C99 k O5\r\nv\r\n", "EX kk O5\r\n", "ms ok"},
    {"ms none 1 MR k\r\nv\r\n", "NS knone\r\n", "ms ok"},
    {"md none O4\r\n", "NF O4\r\n", "md ok"},
    {"ma n\r\n", "HD\r\n", "ma ok"},
    {"ma n v O1\r\n", "VA 1 O1\r\n3\r\n", "ma ok"},
    {"ma none O3 k\r\n", "NF O3 knone\r\n", "ma ok"},
    {"me n\r\n", "ME n exp=-1 la=0 cas=13 fetch=no cls=1 size=61\r\n", "me ok"},
    {"me none\r\n", "EN\r\n", "me ok"},
    {"mn\r\n", "MN\r\n", "mn ok"},
    {"mg\r\n", "ERROR\r\n", "mg ERROR"},
    {"ms k abc\r\n", "CLIENT_ERROR bad command line format\r\n", "ms CLIENT_ERROR"},
});

template <typename Turns>
Uses due(const Turns& turns) {
    Uses uses;
    for (const Turn& turn : turns) uses.emplace_back(turn.use);
    return uses;
}

template <typename Turns>
void expect_turns(const Turns& turns) {
    Wire alone;
    Wire client;
    Wire bytewise;
    Wire pipelined;
    std::string requests;
    std::string replies;
    for (const Turn& turn : turns) {
        alone.received(turn.request);
        alone.sent(turn.reply);
        client.sent(turn.request);
        client.received(turn.reply);
        bytewise.one_by_one(kIn, turn.request);
        bytewise.one_by_one(kOut, turn.reply);
        requests += turn.request;
        replies += turn.reply;
    }
    pipelined.received(requests);
    pipelined.sent(replies);
    for (Wire* wire : {&alone, &client, &bytewise, &pipelined}) {
        EXPECT_EQ(wire->uses(), due(turns));
        EXPECT_TRUE(wire->all_accounted());
    }
    EXPECT_EQ(alone.last().role, Role::kServer);
    EXPECT_EQ(client.last().role, Role::kClient);
    EXPECT_EQ(alone.last().kind, Kind::kMemcached);
}

std::string binary(unsigned char opcode, std::string_view key, std::string_view extras, std::string_view value,
                   unsigned char opaque) {
    std::string header = "\x80";
    const auto put = [&header](std::size_t byte) { header += static_cast<char>(byte); };
    put(opcode);
    put(0), put(key.size()), put(extras.size()), put(0), put(0), put(0);
    put(0), put(0), put(0), put(key.size() + extras.size() + value.size());
    put(0), put(0), put(0), put(opaque);
    header.append(8, '\0');
    return header.append(extras).append(key).append(value);
}

std::string answer(unsigned char opcode, unsigned char status, std::string_view body, unsigned char opaque,
                   unsigned char key = 0) {
    std::string reply = binary(opcode, {}, {}, body, opaque);
    reply[0] = '\x81';
    reply[3] = static_cast<char>(key);
    reply[7] = static_cast<char>(status);
    return reply;
}

constexpr std::string_view kSetExtras = "\0\0\0\0\0\0\0\0"sv;

TEST(MemcachedText, CommandsAreNamedAndTheirErrors) { expect_turns(kText); }

TEST(MemcachedMeta, CommandsAreNamedAndTheirErrors) { expect_turns(kMetaCommands); }

TEST(MemcachedText, AnUnknownCommandComesFirstAndIsAUseOnceAnotherOneConfirmsTheGuess) {
    Wire wire;
    wire.received("meta k\r\n");
    wire.sent("ERROR\r\n");
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.received("get k\r\n");
    wire.sent("END\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"_OTHER ERROR", "get ok"}));
    wire.received("more\r\n");
    wire.sent("ERROR\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"_OTHER ERROR", "get ok", "_OTHER ERROR"}));
    EXPECT_TRUE(wire.all_accounted());

    Wire stores;
    stores.received("meta k\r\n");
    stores.sent("ERROR\r\n");
    stores.received("set k 0 0 1\r\nv\r\n");
    stores.sent("STORED\r\n");
    EXPECT_EQ(stores.uses(), (Uses{"_OTHER ERROR", "set ok"}));
}

TEST(MemcachedText, UnknownCommandsAloneAreAnyProtocol) {
    Wire wire;
    for (int i = 0; i < 3; ++i) {
        wire.received("hello you\r\n");
        wire.sent("ERROR\r\n");
    }
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.received("hello there\r\n");
    wire.sent("hello yourself\r\n");
    EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(MemcachedText, WhatAnswersAnotherProtocolRefutesTheGuess) {
    constexpr std::array kRedis = std::to_array<std::array<std::string_view, 2>>({
        {"get k\r\n", "$-1\r\n"},
        {"set k v\r\n", "+OK\r\n"},
        {"set k v EX 10\r\n", "+OK\r\n"},
        {"incr k\r\n", ":1\r\n"},
        {"append k v\r\n", ":3\r\n"},
    });
    for (const auto& [request, reply] : kRedis) {
        Wire wire;
        wire.received(request);
        wire.sent(reply);
        EXPECT_EQ(wire.reader.standing(), Standing::kRefuted) << request;
        EXPECT_TRUE(wire.uses().empty());
        EXPECT_TRUE(wire.sink.lost.empty());
    }
}

TEST(MemcachedText, WhatNothingAnswersIsAUseOfUnknownOutcome) {
    Wire wire;
    wire.received("set q 0 0 1 noreply\r\nv\r\nget q\r\n");
    wire.sent("VALUE q 0 1\r\nv\r\nEND\r\n");
    wire.received("delete q noreply\r\nincr n 1 noreply\r\ntouch n 1 noreply\r\nflush_all noreply\r\nversion\r\n");
    wire.sent("VERSION 1.6.18\r\n");
    wire.received("quit\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"set unknown", "get ok", "delete unknown", "incr unknown", "touch unknown",
                                 "flush_all unknown", "version ok", "quit unknown"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MemcachedText, BytesAreThoseOfTheMessages) {
    Wire wire;
    wire.received("set k 0 0 10\r\n0123456789\r\n");
    wire.sent("STORED\r\n");
    EXPECT_EQ(wire.last().bytes_in, 26U);
    EXPECT_EQ(wire.last().bytes_out, 8U);
}

TEST(MemcachedMeta, QuietCommandsMissInSilence) {
    Wire wire;
    wire.received("mg none v q k\r\nmn\r\n");
    wire.sent("MN\r\n");
    wire.received("ms k 1 q\r\nv\r\nmn\r\n");
    wire.sent("MN\r\n");
    wire.received("ms k 1 q ME O7\r\nv\r\nmn\r\n");
    wire.sent("NS O7\r\nMN\r\n");
    wire.received("md none q\r\nmn\r\n");
    wire.sent("NF\r\nMN\r\n");
    wire.received("md none q\r\nma n q\r\nmn\r\n");
    wire.sent("MN\r\n");  // newer servers
    EXPECT_EQ(wire.uses(),
              (Uses{"mg ok", "mn ok", "ms ok", "mn ok", "ms ok", "mn ok", "md ok", "mn ok", "md ok", "ma ok", "mn ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(MemcachedMeta, AReplyIsForTheCommandWhoseKeyOrOpaqueItHas) {
    Wire wire;
    wire.received("mg a v q k\r\nmg b v q k\r\nmg c v q O1 k\r\nmg d v q O2\r\nmn\r\n");
    wire.sent("VA 1 kb\r\n4\r\n");
    EXPECT_EQ(wire.sink.seen.size(), 2U) << "a was a miss";
    wire.sent("VA 3 O2\r\n444\r\nMN\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"mg ok", "mg ok", "mg ok", "mg ok", "mn ok"}));
    EXPECT_EQ(wire.sink.seen[1].exchange.bytes_out, 12U);
    EXPECT_EQ(wire.sink.seen[2].exchange.bytes_out, 0U) << "c was a miss";
    EXPECT_EQ(wire.sink.seen[3].exchange.bytes_out, 14U);
}

TEST(MemcachedMeta, AQuietCommandWithoutAnswerIsUnknownWhereTheConnectionEnds) {
    Wire wire;
    wire.received("set k 0 0 1\r\nv\r\n");
    wire.sent("STORED\r\n");
    wire.received("ms k 1 q\r\nv\r\n");
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), (Uses{"set ok", "ms unknown"}));
}

TEST(MemcachedBinary, CommandsAreNamedAsInTextAndErrorsByStatus) {
    Wire wire;
    const auto turn = [&wire](const std::string& request, const std::string& reply) {
        wire.received(request);
        wire.sent(reply);
    };
    turn(binary(0x01, "k", kSetExtras, "v", 1), answer(0x01, 0, "", 1));
    turn(binary(0x00, "k", "", "", 2), answer(0x00, 0, "\0\0\0\0v"sv, 2));
    turn(binary(0x00, "none", "", "", 3), answer(0x00, 1, "Not found", 3));
    turn(binary(0x02, "k", kSetExtras, "v", 9), answer(0x02, 2, "Data exists for key.", 9));
    turn(binary(0x05, "k", std::string(20, '\0'), "", 12),
         answer(0x05, 6, "Non-numeric server-side value for incr or decr", 12));
    turn(binary(0x0b, "", "", "", 15), answer(0x0b, 0, "1.6.18", 15));
    turn(binary(0x10, "", "", "", 16),
         answer(0x10, 0, "pid20116", 16, 3) + answer(0x10, 0, "uptime3", 16, 6) + answer(0x10, 0, "", 16));
    turn(binary(0x50, "k", "", "", 17), answer(0x50, 0x81, "Unknown command", 17));
    turn(binary(0x07, "", "", "", 18), answer(0x07, 0, "", 18));
    EXPECT_EQ(wire.uses(), (Uses{"set ok", "get ok", "get ok", "add ok", "incr NON_NUMERIC_VALUE", "version ok", "stats ok",
                                 "_OTHER UNKNOWN_COMMAND", "quit ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MemcachedBinary, QuietGetsMissInSilence) {
    Wire wire;
    wire.received(binary(0x09, "none", "", "", 4) + binary(0x09, "k", "", "", 5) + binary(0x0a, "", "", "", 6));
    wire.sent(answer(0x09, 0, "\0\0\0\0v"sv, 5) + answer(0x0a, 0, "", 6));
    wire.received(binary(0x11, "k", kSetExtras, "v", 7) + binary(0x12, "k", kSetExtras, "v", 10) +
                  binary(0x0a, "", "", "", 8));
    wire.sent(answer(0x12, 2, "Data exists for key.", 10) + answer(0x0a, 0, "", 8));
    EXPECT_EQ(wire.uses(), (Uses{"get ok", "get ok", "noop ok", "set ok", "add ok", "noop ok"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_out, 0U);
    EXPECT_EQ(wire.sink.seen[1].exchange.bytes_out, 29U);
}

TEST(MemcachedBinary, BytesThatComeOneByOneAreTheSame) {
    Wire wire;
    wire.one_by_one(kIn, binary(0x01, "k", kSetExtras, "v", 1) + binary(0x00, "k", "", "", 2));
    wire.one_by_one(kOut, answer(0x01, 0, "", 1) + answer(0x00, 0, "\0\0\0\0v"sv, 2));
    EXPECT_EQ(wire.uses(), (Uses{"set ok", "get ok"}));
}

TEST(MemcachedLate, CountsFromTheFirstWholeExchange) {
    Wire wire(true);
    wire.sent("END\r\n");
    wire.received("lue of a data block\r\n");
    wire.sent("STORED\r\n");
    for (int i = 0; i < 3; ++i) {
        wire.received("get k\r\nincr n 1\r\n");
        wire.sent("END\r\n5\r\n");
    }
    wire.session_end();
    EXPECT_EQ(wire.uses(), (Uses{"get ok", "incr ok", "get ok", "incr ok", "get ok", "incr ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(MemcachedLate, AReplyThatDoesNotFitProvesThatTheStartWasWrong) {
    Wire wire(true);
    wire.sent("get k\r\n");  // two are under way already
    wire.received("STORED\r\n");
    wire.received("7\r\nEND\r\n");
    wire.sent("incr n 1\r\n");
    wire.received("8\r\n");
    wire.sent("get k\r\n");
    wire.received("END\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"incr ok", "get ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MemcachedLate, WhatStandsInTheMiddleOfALineIsNoCommand) {
    Wire wire(true);
    wire.received("touch ");
    wire.received("get 0\r\n");
    wire.sent("TOUCHED\r\n");
    wire.received("get k\r\n");
    wire.sent("END\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"touch ok", "get ok"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_in, 13U);
    EXPECT_EQ(wire.sink.seen[0].exchange.begin, MonotonicTime{10});
    EXPECT_TRUE(wire.all_accounted());

    Wire data(true);
    for (const auto* piece : {"a value ", "get k", "\r\n"}) data.received(piece);
    data.sent("STORED\r\n");
    for (const auto* piece : {"inc", "r n ", "1\r", "\n"}) data.received(piece);
    data.sent("1\r\n");
    data.close();
    EXPECT_EQ(data.uses(), Uses{"incr ok"});
    EXPECT_TRUE(data.all_accounted());
}

TEST(MemcachedLate, AGapEndsWhatMayHaveBecomeACommand) {
    Wire wire(true);
    wire.received("touch ");
    wire.gap(kIn, 20);
    wire.received("get k\r\n");
    wire.sent("END\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"get ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MemcachedGaps, InADataBlockDoNothing) {
    Wire wire;
    wire.truncated(kIn, "set k 0 0 100000\r\nvvvv", 99990, "vvvvvv\r\nget k\r\n");
    wire.sent("STORED\r\n");
    wire.truncated(kOut, "VALUE k 0 100000\r\nvv", 99990, "vvvvvvvv\r\nEND\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"set ok", "get ok"}));
    EXPECT_EQ(wire.last().bytes_out, 100025U);
}

TEST(MemcachedGaps, ALongReplyEndsBeforeTheNextRequest) {
    Wire wire;
    wire.received("get a b c\r\n");
    wire.truncated(kOut, "VALUE a 0 1000\r\nvv", 300000, "vvv\r\nEND\r\n");
    wire.received("incr n 1\r\n");
    wire.sent("1\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"get ok", "incr ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(MemcachedGaps, ALostRequestEndsALongReplyToo) {
    for (const bool opened_before : {false, true}) {
        Wire wire(opened_before);
        wire.received("get a b c\r\n");
        wire.truncated(kOut, "VALUE a 0 1000\r\nvv", 300000, "vvv\r\nEND\r\n");
        wire.gap(kIn, 30);
        wire.sent("END\r\n");
        wire.received("incr n 1\r\n");
        wire.sent("1\r\n");
        wire.close();
        EXPECT_EQ(wire.uses(), opened_before ? Uses{"incr ok"} : (Uses{"get ok", "incr ok"}));
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(MemcachedGaps, LostEventsCostWhatTheyCarried) {
    Wire wire;
    wire.received("get a\r\n");
    wire.sent("END\r\n");
    wire.received("get b\r\n");
    wire.gap(kIn, 30);
    wire.received("incr n 1\r\n");
    wire.sent("END\r\n5\r\n6\r\n7\r\n");
    wire.received("get c\r\n");
    wire.sent("END\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"get ok", "get ok", "get ok"}));
    EXPECT_FALSE(wire.sink.lost.empty());
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MemcachedGarbage, IsRefusedAndCountsNothing) {
    for (const auto bytes : {"get \x01\x02\n\x03\n\x04"sv, "\x80\xff\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv}) {
        Wire wire;
        wire.received(bytes);
        wire.close();
        EXPECT_EQ(wire.reader.started(), 0U);
        EXPECT_TRUE(wire.uses().empty());
    }
    Wire redis;
    redis.received("get a\r\n");
    redis.sent("$1\r\nb\r\n");
    EXPECT_TRUE(redis.uses().empty()) << "Redis' inline commands";
}

TEST(MemcachedGarbage, ABadDataChunkLosesItself) {
    Wire wire;
    wire.received("set k 0 0 1\r\nv\r\n");
    wire.sent("STORED\r\n");
    wire.received("set k 0 0 1\r\nvv\r\n");
    wire.sent("CLIENT_ERROR bad data chunk\r\nERROR\r\n");
    wire.received("get k\r\n");
    wire.sent("VALUE k 0 1\r\nv\r\nEND\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"set ok", "get ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MemcachedCommands, CutShortAreErrorsOfTheConnectionsEnd) {
    Wire wire;
    wire.received("get k\r\n");
    wire.sent("END\r\n");
    wire.received("get k\r\n");
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), (Uses{"get ok", "get reset"}));
    wire.reader.restart({ConnectionId{8}, false, &wire.sink});
    wire.sent("get k\r\n");
    wire.received("END\r\n");
    wire.sent("get k\r\n");
    wire.session_end();
    EXPECT_EQ(wire.sink.seen.size(), 3U);
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished});
}

}  // namespace
}  // namespace footfall::memcached
