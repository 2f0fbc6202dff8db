// What is a use, and how often it counts.
#include "tests/unit/postgresql/harness.h"

namespace footfall::postgresql {
namespace {

TEST(SimpleQuery, IsOneUseWithItsTimesAndBytes) {
    Session wire;
    wire.received(query("SELECT * FROM orders WHERE id = 4711"));
    const std::uint64_t begun = wire.now;
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_EQ(wire.last().kind, Kind::kPostgresql);
    EXPECT_EQ(wire.last().begin.nanoseconds, begun);
    EXPECT_EQ(wire.last().first_byte.nanoseconds, wire.now);
    EXPECT_EQ(wire.last().bytes_in, query("SELECT * FROM orders WHERE id = 4711").size());
    EXPECT_EQ(wire.last().bytes_out, selected().size());
    EXPECT_TRUE(wire.all_accounted());
}

TEST(SimpleQuery, AtTheClientTheRoleIsTheClients) {
    Wire wire;
    wire.sent(startup());
    wire.received(greeting());
    wire.sent(query("SELECT 1"));
    wire.received(selected() + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT ok"});
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST(SimpleQuery, EachStatementOfAScriptIsAUse) {
    Session wire;
    wire.received(query("BEGIN; UPDATE orders SET a = ';'; SELECT 1; COMMIT;"));
    wire.sent(completed("BEGIN") + completed("UPDATE 1") + selected() + completed("COMMIT") + ready());
    EXPECT_EQ(wire.uses(), (Uses{"BEGIN ok", "UPDATE orders ok", "SELECT ok", "COMMIT ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(SimpleQuery, WhatComesAfterAnErrorInAScriptWasNeverRun) {
    Session wire;
    wire.received(query("SELECT 1; SELECT * FROM missing; DELETE FROM orders"));
    wire.sent(selected() + failed() + ready());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT ok", "SELECT missing 42P01"}));
    EXPECT_TRUE(wire.all_accounted());
    wire.received(query("SELECT 2"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.sink.seen.size(), 3U);
}

TEST(SimpleQuery, AnEmptyOneIsAnsweredToo) {
    Session wire;
    wire.received(query(""));
    wire.sent(message('I') + ready());
    EXPECT_EQ(wire.uses(), Uses{"_OTHER ok"});
}

TEST(SimpleQuery, PipelinedOnesKeepTheirAnswers) {
    Session wire;
    wire.received(query("SELECT 1 FROM a") + query("SELECT 1 FROM b"));
    wire.sent(selected() + ready() + failed("22012") + ready());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT a ok", "SELECT b 22012"}));
}

TEST(SimpleQuery, ALongScriptsUnseenStatementsStillCount) {
    Session wire;
    std::string script;
    for (int i = 0; i < 1000; ++i) script += "INSERT INTO orders VALUES (1);";
    std::string answer;
    for (int i = 0; i < 1000; ++i) answer += completed("INSERT 0 1");
    wire.received(query(script));
    wire.sent(answer + ready());
    EXPECT_EQ(wire.sink.seen.size(), 1000U);
    EXPECT_EQ(wire.uses().front(), "INSERT orders ok");
    EXPECT_EQ(wire.uses().back(), "_OTHER ok");
    EXPECT_TRUE(wire.all_accounted());
}

TEST(ExtendedQuery, AnExecuteIsAUseNamedByItsStatement) {
    Session wire;
    wire.received(parse("", "SELECT * FROM orders WHERE id = $1") + bind_portal("", "") + describe_portal("") + execute() +
                  sync());
    wire.sent(kParsed + kBound + selected() + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(ExtendedQuery, APreparedStatementIsKnownByWhatItDoes) {
    Session wire;
    wire.received(parse("s1", "UPDATE orders SET a = $1") + describe_statement("s1") + sync());
    wire.sent(kParsed + message('t', u16(0)) + kNoData + ready());
    EXPECT_TRUE(wire.uses().empty());
    for (int i = 0; i < 3; ++i) {
        wire.received(run("s1"));
        wire.sent(kBound + kNoData + completed("UPDATE 1") + ready());
    }
    EXPECT_EQ(wire.uses(), (Uses{"UPDATE orders ok", "UPDATE orders ok", "UPDATE orders ok"}));
}

TEST(ExtendedQuery, AFailedParseIsTheFailedUseOfItsStatement) {
    Session wire;
    wire.received(parse("", "SELECT * FROM missing") + bind_portal("", "") + describe_portal("") + execute() + sync());
    wire.sent(failed() + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT missing 42P01"});
    EXPECT_EQ(wire.last().bytes_in, parse("", "SELECT * FROM missing").size());
    EXPECT_TRUE(wire.all_accounted());
}

TEST(ExtendedQuery, AFailedBindIsTheFailedUseOfItsStatement) {
    Session wire;
    wire.received(parse("s", "SELECT $1::int FROM orders") + sync());
    wire.sent(kParsed + ready());
    wire.received(run("s"));
    wire.sent(failed("22P02") + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders 22P02"});
}

TEST(ExtendedQuery, AnErrorInAPipelineSkipsTheRestUpToSync) {
    Session wire;
    const std::string step = bind_portal("", "s") + execute();
    wire.received(parse("s", "INSERT INTO orders VALUES ($1)") + step + step + step);
    wire.sent(kParsed + kBound + completed("INSERT 0 1") + kBound + failed("23505"));
    wire.received(step + sync());  // the server has not read Sync yet, and skips these too
    wire.sent(ready());
    wire.received(step + sync());
    wire.sent(kBound + completed("INSERT 0 1") + ready());
    EXPECT_EQ(wire.uses(), (Uses{"INSERT orders ok", "INSERT orders 23505", "INSERT orders ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(ExtendedQuery, APortalThatIsFetchedInPiecesIsOneUse) {
    Session wire;
    wire.received(parse("", "SELECT * FROM orders") + bind_portal("c1", "") + execute("c1", 2) + sync());
    wire.sent(kParsed + kBound + row() + row() + message('s') + ready('T'));
    wire.received(execute("c1", 2) + sync());
    wire.sent(row() + completed("SELECT 1") + ready('T'));
    wire.received(message('C', "Pc1\0"sv) + sync());
    wire.sent(message('3') + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
}

TEST(ExtendedQuery, AForgottenStatementIsUnknownRatherThanWrong) {
    Session wire;
    for (std::size_t i = 0; i <= Statements::kStatementLimit; ++i) {
        wire.received(parse("s" + std::to_string(i), "SELECT 1 FROM a") + sync());
        wire.sent(kParsed + ready());
    }
    wire.received(run("s0"));
    wire.sent(kBound + selected() + ready());
    wire.received(message('C', "Ss5\0"sv) + run("s5"));
    wire.sent(message('3') + kBound + selected() + ready());
    EXPECT_EQ(wire.uses(), (Uses{"EXECUTE {unknown} ok", "EXECUTE {unknown} ok"}));
}

TEST(Copy, InIsOneUseWithItsDataAndOutToo) {
    Session wire;
    wire.received(query("COPY orders FROM STDIN"));
    wire.sent(message('G', "\0\0\0"sv));
    const std::string data = message('d', "1\tone\n") + message('d', "2\ttwo\n") + message('c');
    wire.received(data);
    wire.sent(completed("COPY 2") + ready());
    EXPECT_EQ(wire.last().bytes_in, query("COPY orders FROM STDIN").size() + data.size());
    wire.received(query("COPY orders TO STDOUT"));
    wire.sent(message('H', "\0\0\0"sv) + message('d', "1\tone\n") + message('c') + completed("COPY 1") + ready());
    EXPECT_EQ(wire.uses(), (Uses{"COPY orders ok", "COPY orders ok"}));
}

TEST(Copy, DataThatIsSentAheadOfTheServersLeaveIsItsOwn) {
    Session wire;
    const std::string data = message('d', "1\tone\n") + message('d', "2\ttwo\n") + message('c');
    wire.received(query("COPY orders FROM STDIN"));
    wire.received(data);
    wire.sent(message('G', "\0\0\0"sv) + completed("COPY 2") + ready());
    EXPECT_EQ(wire.last().bytes_in, query("COPY orders FROM STDIN").size() + data.size());
    wire.received(query("SELECT 1"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.last().bytes_in, query("SELECT 1").size());
    EXPECT_EQ(wire.uses(), (Uses{"COPY orders ok", "SELECT ok"}));
}

TEST(Copy, InExtendedModeTheSyncBeforeTheDataIsNoneOfItsOwn) {
    Session wire;
    wire.received(parse("", "COPY orders FROM STDIN") + bind_portal("", "") + describe_portal("") + execute() + sync());
    wire.sent(kParsed + kBound + kNoData + message('G', "\0\0\0"sv));
    wire.received(message('d', "1\n") + message('c') + sync());
    wire.sent(completed("COPY 1") + ready());
    wire.received(query("SELECT 1"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.uses(), (Uses{"COPY orders ok", "SELECT ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Copy, WhatReplicationSendsIsNotLookedAt) {
    Session wire;
    wire.received(query("START_REPLICATION SLOT s LOGICAL 0/0"));
    wire.sent(message('W', "\0\0\0"sv) + message('d', "w"));
    wire.received(message('d', "r"));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"START_REPLICATION ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Session, WhatIsNoStatementIsNoUse) {
    Session wire;
    wire.sent(message('A', u32(7) + "channel\0payload\0"s) + message('N', "SNOTICE\0\0"sv) +
              message('S', "TimeZone\0UTC\0"sv));
    wire.sent(failed("57P05"));
    wire.close(CloseReason::kLocal);
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Session, AFunctionCallIsAUse) {
    Session wire;
    wire.received(message('F', u32(1) + u16(0) + u16(0) + u16(0)));
    wire.sent(message('V', u32(0)) + ready());
    EXPECT_EQ(wire.uses(), Uses{"FUNCTION_CALL ok"});
}

TEST(Session, ARefusedLoginIsAnError) {
    Wire wire;
    wire.received(startup());
    const std::uint64_t begun = wire.now;
    wire.sent(message('R', u32(10) + text0("SCRAM-SHA-256") + '\0'));
    wire.received(message('p', "SCRAM-SHA-256\0"sv));
    wire.sent(failed("28P01"));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"CONNECT 28P01"});
    EXPECT_EQ(wire.last().begin.nanoseconds, begun);
    EXPECT_EQ(wire.last().bytes_in, startup().size() + message('p', "SCRAM-SHA-256\0"sv).size());
    EXPECT_TRUE(wire.all_accounted());
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
}

TEST(Session, ALoginThatIsAcceptedIsNoUseAndItsBytesAreNobodys) {
    Wire wire;
    wire.received(startup());
    wire.sent(message('R', u32(10) + text0("SCRAM-SHA-256") + '\0'));
    wire.received(message('p', "SCRAM-SHA-256\0"sv));
    wire.sent(greeting());
    wire.received(query("SELECT 1"));
    wire.sent(failed("57014") + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT 57014"});
    EXPECT_EQ(wire.last().bytes_in, query("SELECT 1").size());
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Session, ACancelRequestIsNoUse) {
    Wire wire;
    wire.received(cancel_request());
    wire.close();
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
}

TEST(Session, EncryptionThatIsRefusedGoesOnInClearText) {
    Wire wire;
    wire.received(startup_code(80877104));
    wire.sent("N");
    wire.received(ssl_request());
    wire.sent("N");
    wire.received(startup());
    wire.sent(greeting());
    wire.received(query("SELECT 1"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT ok"});
}

TEST(Session, EncryptionThatIsAcceptedEndsTheReading) {
    for (const std::string_view answer : {"S"sv, "G"sv}) {
        Wire wire;
        wire.received(ssl_request());
        wire.sent(answer);
        EXPECT_EQ(wire.reader.standing(), Standing::kEncrypted);
    }
}

TEST(Session, WhatItsEndCutsIsAnError) {
    Session wire;
    wire.received(query("SELECT pg_sleep(100) FROM orders"));
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders reset"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Session, WhatRunsWhenFootfallStopsIsUnfinished) {
    Session wire;
    wire.received(query("SELECT 1"));
    wire.session_end();
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Session, BytesMayComeOneByOne) {
    Wire wire;
    wire.one_by_one(kIn, startup());
    wire.one_by_one(kOut, greeting());
    wire.one_by_one(kIn, parse("s", "SELECT * FROM orders") + run("s") + query("SELECT 1; SELECT 2"));
    wire.one_by_one(kOut, kParsed + kBound + selected() + ready() + selected() + failed() + ready());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT orders ok", "SELECT ok", "SELECT 42P01"}));
}

TEST(Session, WhatIsNotPostgresqlIsTakenBack) {
    Wire wire;
    wire.received(startup());
    wire.sent("HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
    Wire other;
    other.received("\0\0\0\x10\0\0\0\1hello!!!"sv);
    EXPECT_NE(other.reader.standing(), Standing::kConfirmed);
}

}  // namespace
}  // namespace footfall::postgresql
