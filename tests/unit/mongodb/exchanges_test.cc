// What a use of MongoDB is called, and how it ends.
#include <gtest/gtest.h>

#include "tests/unit/mongodb/wire.h"

namespace footfall::mongodb {
namespace {

std::string used(const std::string& asked, const std::string& answered) {
    Wire wire;
    wire.received(request(1, asked));
    wire.sent(response(1, answered));
    return wire.sink.seen.size() == 1 ? wire.uses().front() : "no use";
}
std::string named(const std::string& asked) { return used(asked, R"({"ok": 1})"); }

TEST(MongodbNames, TheCommandAndItsCollection) {
    EXPECT_EQ(named(R"({"find": "orders", "filter": {"name": "secret"}, "$db": "shop"})"), "find orders ok");
    EXPECT_EQ(named(R"({"getMore": {"$numberLong": "7"}, "collection": "orders", "$db": "shop"})"), "getMore orders ok");
    EXPECT_EQ(named(R"({"aggregate": 1, "pipeline": []})"), "aggregate ok");
    EXPECT_EQ(named(R"({"hello": 1})"), "hello ok");
}

TEST(MongodbNames, NoValueIsAName) {
    EXPECT_EQ(named(R"({"createUser": "alice", "pwd": "secret"})"), "createUser ok");
    EXPECT_EQ(named(R"({"usersInfo": "alice"})"), "usersInfo ok");
    EXPECT_EQ(named(R"({"my secret": "alice"})"), "_OTHER ok");
    EXPECT_EQ(named(R"({"find": "$cmd.secret"})"), "find ok");
    EXPECT_EQ(named(R"({"find": {"a": "secret"}})"), "find ok");
}

TEST(MongodbNames, CollectionsThatDifferInNumbersAreOne) {
    EXPECT_EQ(named(R"({"find": "events_2024_01"})"), "find events_{n}_{n} ok");
    EXPECT_EQ(named(R"({"find": "tmp.agg_out.1fb2a1c4-9d3e-4b6e-8ba1-0a6f3c1d2e4f"})"),
              "find tmp.agg_out.{hash}-9d3e-4b6e-8ba1-{hash} ok");
    EXPECT_EQ(named(R"({"find": "tenant9f8a7c6b"})"), "find tenant9f8a7c6b ok") << "a word";
    EXPECT_EQ(named(R"({"find": "tenant4711"})"), "find tenant{n} ok");
    EXPECT_EQ(named(R"({"find": "part_7"})"), "find part_7 ok");
    EXPECT_EQ(named(R"({"find": "cafe"})"), "find cafe ok");
    EXPECT_EQ(named(R"({"find": "deadbeef01.log"})"), "find {hash}.log ok");
    EXPECT_EQ(named(R"({"find": ")" + std::string(200, 'x') + R"("})"), "find " + std::string(kTargetLimit, 'x') + " ok");
}

TEST(MongodbNames, DocumentsMayComeBeforeTheCommand) {
    Wire wire;
    const std::string documents = document(R"({"a": "secret"})");
    wire.received(message(2013, 1, 0, word(0) + sequence("documents", documents) + section(R"({"insert": "orders"})")));
    wire.sent(ok(1));
    wire.received(message(2013, 2, 0, word(0) + section(R"({"insert": "orders"})") + sequence("documents", documents)));
    wire.sent(ok(2));
    EXPECT_EQ(wire.uses(), (Uses{"insert orders ok", "insert orders ok"}));
}

TEST(MongodbNames, DocumentsTellTheCommandThatIsOutOfReachBehindThem) {
    Wire wire;
    const std::string whole =
        message(2013, 1, 0,
                word(0) + sequence("updates", document(R"({"a": ")" + std::string(50000, 'x') + R"("})")) +
                    section(R"({"update": "orders"})"));
    wire.truncated(kIn, whole.substr(0, 16384), whole.size() - 16384 - 64, whole.substr(whole.size() - 64));
    wire.sent(ok(1));
    EXPECT_EQ(wire.uses(), Uses{"update ok"});
    EXPECT_EQ(wire.last().bytes_in, whole.size());
}

TEST(MongodbOutcomes, AnErrorIsItsCodeName) {
    EXPECT_EQ(used(R"({"find": "a"})", R"({"ok": 0.0, "errmsg": "secret", "code": 13, "codeName": "Unauthorized"})"),
              "find a Unauthorized");
    EXPECT_EQ(used(R"({"find": "a"})", R"({"ok": 0, "errmsg": "secret", "code": 13})"), "find a 13");
    EXPECT_EQ(used(R"({"find": "a"})", R"({"ok": 0, "code": 13, "codeName": "a secret!"})"), "find a 13");
    EXPECT_EQ(used(R"({"find": "a"})", R"({"ok": false})"), "find a error");
}

TEST(MongodbOutcomes, AWriteThatFailedIsAnErrorThoughTheCommandIsOk) {
    EXPECT_EQ(
        used(R"({"insert": "a"})", R"({"n": 0, "writeErrors": [{"index": 0, "code": 11000, "errmsg": "s"}], "ok": 1})"),
        "insert a 11000");
    EXPECT_EQ(used(R"({"insert": "a"})", R"({"n": 1, "writeErrors": [], "ok": 1})"), "insert a ok");
    EXPECT_EQ(used(R"({"insert": "a"})",
                   R"({"ok": 1, "writeConcernError": {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "s"}})"),
              "insert a WriteConcernFailed");
}

TEST(MongodbOutcomes, AResponseTooLongToReadToItsEndIsOk) {
    EXPECT_EQ(used(R"({"find": "a"})", R"({"cursor": {"x": ")" + std::string(9000, 'x') + R"("}, "ok": 1})"), "find a ok");
    EXPECT_EQ(used(R"({"find": "a"})", R"({"ok": 0, "errmsg": ")" + std::string(9000, 'x') + R"(", "code": 13})"),
              "find a error");
}

TEST(MongodbLegacy, QueriesAndCommandsOfOldClients) {
    Wire wire;
    wire.received(query(1, "admin.$cmd", R"({"isMaster": 1})"));
    wire.sent(reply(1, 8, R"({"ismaster": true, "ok": 1})"));
    wire.received(query(2, "shop.$cmd", R"({"$query": {"count": "orders"}, "$readPreference": {"mode": "secondary"}})"));
    wire.sent(reply(2, 8, R"({"ok": 0, "code": 26, "codeName": "NamespaceNotFound"})"));
    wire.received(query(3, "shop.orders", R"({"a": "secret"})"));
    wire.sent(reply(3, 8, R"({"ok": 0, "a": "a document of the user"})"));
    wire.received(query(4, "shop.orders", R"({"$foo": 1})"));
    wire.sent(reply(4, 10, R"({"$err": "secret", "code": 17287})"));
    wire.received(message(2005, 5, 0, word(0) + "shop.orders" + '\0' + word(0) + word(7) + word(0)));
    wire.sent(reply(5, 9, "{}"));
    EXPECT_EQ(wire.uses(), (Uses{"isMaster ok", "count orders NamespaceNotFound", "find orders ok", "find orders 17287",
                                 "getMore orders CursorNotFound"}));
}

TEST(MongodbLegacy, WritesWithoutAnAnswerAreUses) {
    Wire wire;
    wire.received(message(2002, 1, 0, word(0) + "shop.orders" + '\0' + document(R"({"a": 1})")));
    wire.received(message(2006, 2, 0, word(0) + "shop.orders" + '\0' + word(0) + document(R"({"a": 1})")));
    wire.received(message(2007, 3, 0, word(0) + word(1) + word(7) + word(0)));
    EXPECT_EQ(wire.uses(), (Uses{"insert orders ok", "delete orders ok", "killCursors ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MongodbPairing, ResponsesMayComeInAnyOrder) {
    Wire wire;
    wire.received(request(1, R"({"find": "a"})") + request(2, R"({"find": "b"})") + request(3, R"({"find": "c"})"));
    wire.sent(ok(2));
    wire.sent(ok(3) + ok(1));
    EXPECT_EQ(wire.uses(), (Uses{"find b ok", "find c ok", "find a ok"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.begin.nanoseconds, 10U);
    EXPECT_EQ(wire.sink.seen[0].exchange.end.nanoseconds, 20U);
}

TEST(MongodbPairing, WhoAsksForNoAnswerIsServedAtTheLastByte) {
    Wire wire;
    wire.received(request(1, R"({"insert": "a"})", kMoreToCome));
    EXPECT_EQ(wire.uses(), Uses{"insert a ok"});
    EXPECT_EQ(wire.last().end.nanoseconds, wire.last().begin.nanoseconds);
}

TEST(MongodbPairing, OneRequestWithManyResponsesIsOneUse) {
    Wire wire;
    wire.received(request(1, R"({"hello": 1, "maxAwaitTimeMS": 10000})", 1U << 16U));
    wire.sent(response(1, R"({"ok": 1})", kMoreToCome, 50));
    wire.sent(response(50, R"({"ok": 1})", kMoreToCome, 51));
    wire.sent(response(51, R"({"ok": 1})", 0, 52));
    wire.received(request(2, R"({"find": "a"})"));
    wire.sent(ok(2));
    EXPECT_EQ(wire.uses(), (Uses{"hello ok", "find a ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(MongodbEndings, WhatIsCutIsAnError) {
    Wire wire;
    wire.received(request(1, R"({"find": "a"})"));
    wire.sent(ok(1));
    wire.received(request(2, R"({"find": "b"})"));
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), (Uses{"find a ok", "find b reset"}));
}

TEST(MongodbEndings, ARequestThatIsCutHasItsNameIfThatWasSeen) {
    const std::string whole = request(2, R"({"insert": "b", "documents": [{"a": "xxxxxxxxxxxxxxxxxxxxxxxx"}]})");
    for (const std::size_t length : {17UL, 25UL, 60UL}) {
        Wire wire;
        wire.received(request(1, R"({"find": "a"})"));
        wire.sent(ok(1));
        wire.received(whole.substr(0, length));
        wire.close();
        EXPECT_EQ(wire.uses().size(), length == 60 ? 2U : 1U);
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(MongodbEndings, TheSessionsEndIsNoError) {
    Wire wire;
    wire.received(request(1, R"({"find": "a"})"));
    wire.session_end();
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished});
}

}  // namespace
}  // namespace footfall::mongodb
