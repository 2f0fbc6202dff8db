// What is a use, and what it is called.
#include "agent/protocols/mysql/handshake.h"
#include "tests/unit/mysql/wire.h"

namespace footfall::mysql {
namespace {

std::string prepared(std::uint32_t number, int parameters, int columns) {
    std::string bytes = packet(1, "\0"s + little(number, 4) + little(columns, 2) + little(parameters, 2) + "\0\0\0"s);
    std::uint8_t sequence = 2;
    for (const int count : {parameters, columns}) {
        for (int i = 0; i < count; ++i) bytes += column(sequence++);
        if (count > 0) bytes += eof(sequence++);
    }
    return bytes;
}
std::string execute(std::uint32_t number) { return command(0x17, little(number, 4) + "\0\1\0\0\0"s); }

TEST(Mysql, AQueryIsAUseOfItsVerbAndTable) {
    Wire wire;
    wire.logged_in().exchange(query("SELECT * FROM orders WHERE id = 4711"), rows(2));
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
    EXPECT_EQ(wire.last().kind, Kind::kMysql);
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_EQ(wire.last().bytes_in, query("SELECT * FROM orders WHERE id = 4711").size());
    EXPECT_EQ(wire.last().bytes_out, rows(2).size());
    EXPECT_EQ(wire.last().begin.nanoseconds, 40U);
    EXPECT_EQ(wire.last().first_byte.nanoseconds, 50U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Mysql, ALoginIsNoUse) {
    Wire wire;
    wire.logged_in();
    wire.received(command(0x01));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{});
    EXPECT_EQ(wire.reader.started(), 0U);
}

TEST(Mysql, AnotherMethodOfAuthenticationIsNoUseEither) {
    Wire wire;
    wire.sent(greeting());
    wire.received(login());
    wire.sent(packet(2,
                     "\xFE"
                     "caching_sha2_password\0salt"s));
    wire.received(packet(3, std::string(32, 'h')));
    wire.sent(packet(4, "\1\3"));
    wire.sent(ok(5));
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), Uses{"COMMIT ok"});
}

TEST(Mysql, ALoginThatIsRefusedIsAnError) {
    Wire wire;
    wire.sent(greeting());
    wire.received(login());
    wire.sent(error(2, 1045, "28000", "Access denied for user 'app'"));
    EXPECT_EQ(wire.uses(), Uses{"CONNECT 28000"});
}

TEST(Mysql, AServerThatTakesNoMoreSaysSoAtOnce) {
    Wire wire;
    wire.sent(packet(0, "\xFF\x10\x04Too many connections"));
    EXPECT_EQ(wire.uses(), Uses{"CONNECT 1040"});
    EXPECT_EQ(wire.last().role, Role::kServer);
}

TEST(Mysql, TheClientsEndSeesTheSame) {
    Wire wire;
    wire.received(greeting());
    wire.sent(login());
    wire.received(ok(2));
    wire.sent(query("DELETE FROM carts"));
    wire.received(ok());
    EXPECT_EQ(wire.uses(), Uses{"DELETE carts ok"});
    EXPECT_EQ(wire.last().role, Role::kClient);
    EXPECT_EQ(wire.last().bytes_in, ok().size());
}

TEST(Mysql, TlsAndCompressionEndTheReading) {
    Wire tls;
    tls.sent(greeting());
    tls.received(packet(1, little(kUsual | 1U << 11U, 4) + little(0x1000000, 4) + "\x2D" + std::string(23, '\0')));
    EXPECT_EQ(tls.reader.standing(), Standing::kEncrypted);
    Wire compressed;
    compressed.logged_in(kUsual | 1U << 5U);
    EXPECT_EQ(compressed.reader.standing(), Standing::kCompressed);
    Wire refused;
    refused.sent(greeting(0x81FF'F7DE));
    refused.received(login(kUsual | 1U << 5U));
    refused.sent(ok(2));
    EXPECT_EQ(refused.reader.standing(), Standing::kConfirmed) << "both ends must be able to";
}

TEST(Mysql, ALoginThatIsRefusedInTlsIsAnError) {
    for (const bool opened_before : {false, true}) {
        Wire server(opened_before);
        server.received(login(kUsual | kTls, 2));
        server.sent(packet(3, "\xFEmysql_native_password\0salt"s));
        server.received(packet(4, std::string(20, 'h')));
        server.sent(error(5, 1045, "28000", "Access denied for user 'app'"));
        EXPECT_EQ(server.uses(), Uses{"CONNECT 28000"});
        EXPECT_EQ(server.last().role, Role::kServer);
        Wire client(opened_before);
        client.sent(login(kUsual | kTls, 2));
        client.received(error(3, 1049, "42000", "Unknown database 'shop'"));
        EXPECT_EQ(client.uses(), Uses{"CONNECT 42000"});
        EXPECT_EQ(client.last().role, Role::kClient);
        EXPECT_TRUE(client.all_accounted());
    }
}

TEST(Mysql, CompressionInTlsEndsTheReadingToo) {
    for (const std::uint32_t compression : {kCompress, kZstd}) {
        Wire wire;
        wire.received(login(kUsual | kTls | compression, 2));
        wire.sent(ok(3));
        EXPECT_EQ(wire.reader.standing(), Standing::kCompressed);
        wire.received("\x0D\0\0\0\0\0\0"s + query("SELECT 1"));
        EXPECT_EQ(wire.uses(), Uses{});
    }
}

TEST(Mysql, CommandsFollowALoginInTls) {
    Wire wire;
    const std::string login_packet = login(kUsual | kTls | kDeprecateEof, 2);
    wire.received(login_packet.substr(0, kHeaderSize));
    wire.received(login_packet.substr(kHeaderSize));
    wire.sent(ok(3));
    EXPECT_EQ(wire.reader.started(), 0U);
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
    wire.exchange(query("SELECT a FROM t"), rows(1));  // the client only can do without EOF packets
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "COMMIT ok"}));
}

TEST(Mysql, WhatIsNumberedAsALoginInTlsButIsNoneIsNotBelieved) {
    Wire wire;
    wire.received(packet(2, std::string(40, 'x')));
    wire.sent(error(3, 1045, "28000", "Access denied"));
    EXPECT_EQ(wire.uses(), Uses{});
    EXPECT_EQ(wire.reader.started(), 0U);
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), Uses{"COMMIT ok"});
}

TEST(Mysql, ErrorsAreCalledByTheirStateUnlessItSaysNothing) {
    Wire wire;
    wire.logged_in().exchange(query("SELEC 1"), error(1, 1064, "42000", "You have an error"));
    wire.exchange(query("INSERT INTO t VALUES (1)"), error(1, 1205, "HY000", "Lock wait timeout"));
    EXPECT_EQ(wire.uses(), (Uses{"_OTHER 42000", "INSERT t 1205"}));
}

TEST(Mysql, AnErrorMayEndRows) {
    Wire wire;
    wire.logged_in().exchange(query("SELECT a FROM t"), packet(1, "\1") + column(2) + eof(3) + packet(4, "\1a") +
                                                            error(5, 1317, "70100", "interrupted"));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t 70100"});
}

TEST(Mysql, RowsMayEndInEitherWay) {
    Wire wire;
    wire.logged_in(kUsual | 1U << 24U)
        .exchange(query("SELECT a FROM t"), packet(1, "\1") + column(2) + packet(3, "\1a") + ok_as_eof(4));
    wire.exchange(query("SELECT a FROM t"), packet(1, "\1") + column(2) + ok_as_eof(3));
    wire.exchange(query("DO 1"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "SELECT t ok", "DO ok"}));
}

TEST(Mysql, EachStatementOfAQueryIsAUse) {
    Wire wire;
    wire.logged_in().exchange(query("SELECT a FROM t; UPDATE u SET a=';'; SELECT b FROM v"),
                              rows(1, 1, 2 | 8) + ok(6, 2 | 8) + rows(1, 7));
    wire.exchange(query("COMMIT;"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "UPDATE u ok", "SELECT v ok", "COMMIT ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Mysql, StatementsBehindAnErrorAreNotRun) {
    Wire wire;
    wire.logged_in().exchange(query("DO 1; SELECT a FROM missing; DO 3"),
                              ok(1, 2 | 8) + error(2, 1146, "42S02", "no such table"));
    wire.exchange(query("ROLLBACK"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"DO ok", "SELECT missing 42S02", "ROLLBACK ok"}));
}

TEST(Mysql, WhatAProcedureSelectsIsPartOfItsCall) {
    Wire wire;
    wire.logged_in().exchange(query("CALL p(); DO 2"), rows(1, 1, 2 | 8) + rows(1, 6, 2 | 8) + ok(11, 2 | 8) + ok(12));
    EXPECT_EQ(wire.uses(), (Uses{"CALL p ok", "DO ok"}));
}

TEST(Mysql, APreparedStatementIsCalledByItsText) {
    Wire wire;
    wire.logged_in().exchange(command(0x16, "SELECT a FROM t WHERE b=?"), prepared(7, 1, 1));
    wire.exchange(execute(7), rows(1));
    wire.received(command(0x18, little(7, 4) + "\0\0data"s) + command(0x19, little(7, 4)));
    wire.exchange(execute(7), error(1, 1243, "HY000", "Unknown prepared statement handler"));
    EXPECT_EQ(wire.uses(), (Uses{"PREPARE t ok", "SELECT t ok", "EXECUTE _OTHER 1243"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Mysql, ACursorIsReadByFetching) {
    Wire wire;
    wire.logged_in().exchange(command(0x16, "SELECT a FROM t"), prepared(1, 0, 1));
    wire.exchange(execute(1), packet(1, "\1") + column(2) + eof(3, 0x42));
    wire.exchange(command(0x1C, little(1, 4) + little(5, 4)), packet(1, "\0\0\1a"s) + eof(2, 0x82));
    wire.exchange(command(0x1A, little(1, 4)), ok());
    EXPECT_EQ(wire.uses(), (Uses{"PREPARE t ok", "SELECT t ok", "FETCH t ok", "RESET t ok"}));
}

TEST(Mysql, MariaDbLeavesOutColumnsThatTheClientRemembers) {
    Wire wire;
    wire.logged_in().exchange(command(0x16, "SELECT a FROM t"), prepared(1, 0, 1));
    wire.exchange(execute(1), packet(1, "\1\0"s) + eof(2) + packet(3, "\0\0\1a"s) + eof(4));
    wire.exchange(command(0x0E), ok());
    EXPECT_EQ(wire.uses(), (Uses{"PREPARE t ok", "SELECT t ok", "PING ok"}));
}

TEST(Mysql, MariaDbExecutesWhatIsNotYetPrepared) {
    Wire wire;
    wire.logged_in();
    wire.received(command(0x16, "INSERT INTO t VALUES (?)") + execute(0xFFFFFFFF));
    wire.sent(prepared(9, 1, 0));
    wire.sent(ok());
    EXPECT_EQ(wire.uses(), (Uses{"PREPARE t ok", "INSERT t ok"}));
}

TEST(Mysql, AFileThatTheServerAsksForIsPartOfTheRequest) {
    Wire wire;
    wire.logged_in().exchange(query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"), packet(1, "\xFBx"));
    wire.received(packet(2, "a,b\n") + packet(3, ""));
    wire.sent(ok(4));
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"LOAD t ok", "COMMIT ok"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_in, query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t").size() + 12);
}

TEST(Mysql, ARequestMayTakeSeveralPackets) {
    Wire wire;
    wire.logged_in();
    const std::string text = "\3INSERT INTO t VALUES ('" + std::string(kWholePacket - 24, 'x');
    wire.truncated(kIn, packet(0, text).substr(0, 16384), kWholePacket + 4 - 16384 - 64, std::string(64, 'x'));
    wire.received(packet(1, "')"));
    wire.sent(ok(2));
    EXPECT_EQ(wire.uses(), Uses{"INSERT t ok"});
    EXPECT_EQ(wire.last().bytes_in, kWholePacket + 4 + 6);
}

TEST(Mysql, ARowMayTakeSeveralPackets) {
    Wire wire;
    wire.logged_in().exchange(query("SELECT a FROM t"), packet(1, "\1") + column(2) + eof(3));
    wire.truncated(kOut, little(kWholePacket, 3) + "\4\xFE", kWholePacket - 1 - 64, std::string(64, '\0'));
    wire.sent(packet(5, "\xFE\0\0\2\0"s) + eof(6));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t ok"}) << "the rest of a row is no end";
}

TEST(Mysql, ProgressReportsEndNothing) {
    Wire wire;
    wire.logged_in().exchange(query("ALTER TABLE t ENGINE=InnoDB"), packet(1, "\xFF\xFF\xFF\1\1\2\0\0\0\4copy"s) + ok(2));
    EXPECT_EQ(wire.uses(), Uses{"ALTER TABLE t ok"});
}

TEST(Mysql, QueryAttributesAreNotItsText) {
    Wire wire;
    wire.logged_in().exchange(query("\0\1SELECT a FROM t"sv), rows(0));
    wire.exchange(query("\1\1\0\1\xFE\0\3key\6secretSELECT b FROM u"sv), rows(0));
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "SELECT u ok"}));
}

TEST(Mysql, OtherCommandsHaveTheirOwnNames) {
    Wire wire;
    wire.logged_in().exchange(command(0x02, "shop"), ok());
    wire.exchange(command(0x09), packet(1, "Uptime: 4711"));
    wire.exchange(command(0x04, "orders\0"sv), column(1) + eof(2));
    wire.exchange(command(0x0C, little(5, 4)), error(1, 1094, "HY000", "Unknown thread id"));
    wire.exchange(command(0x1B, "\0\0"sv), eof(1));
    wire.received(command(0x11, "app\0\0shop\0"sv));
    wire.sent(packet(1, "\xFEmysql_native_password\0salt"s));
    wire.received(packet(2, "hash"));
    wire.sent(ok(3));
    wire.exchange(command(0x1F), ok());
    EXPECT_EQ(wire.uses(), (Uses{"USE ok", "STATISTICS ok", "FIELD LIST ok", "KILL 1094", "SET ok", "CHANGE USER ok",
                                 "RESET CONNECTION ok"}));
}

TEST(Mysql, BehindTheBinaryLogNothingIsLookedAt) {
    Wire wire;
    wire.logged_in().exchange(command(0x12, "\4\0\0\0\0\0\1\0\0\0binlog.1"sv), packet(1, "\0event"sv));
    wire.sent(packet(2, "\0event"sv) + "anything");
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"BINLOG DUMP ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Mysql, SeveralCommandsMayBeSentAtOnce) {
    Wire wire;
    wire.logged_in();
    wire.received(query("SELECT a FROM t") + query("DO 1; DO 2") + query("SELECT c FROM v"));
    wire.sent(rows(1) + ok(1, 2 | 8) + ok(2));
    wire.sent(error(1, 1146, "42S02", "no such table"));
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "DO ok", "DO ok", "SELECT v 42S02"}));
}

TEST(Mysql, ServersMayReadTheHeaderByItself) {
    Wire wire;
    wire.logged_in();
    wire.received(query("SELECT a FROM t").substr(0, 4));
    wire.received(query("SELECT a FROM t").substr(4));
    wire.one_by_one(kOut, rows(2));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t ok"});
}

TEST(Mysql, WhatTheConnectionsEndCutsIsAnError) {
    Wire wire;
    wire.logged_in().exchange(query("SELECT a FROM t"), rows(2).substr(0, 20));
    wire.close(CloseReason::kReset);
    Wire half;
    half.logged_in().received(query("INSERT INTO t VALUES ('long')").substr(0, 20));
    half.end_of_stream(kOut);
    half.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT t reset"});
    EXPECT_EQ(half.uses(), Uses{"INSERT t closed"});
    EXPECT_TRUE(half.all_accounted());
}

TEST(Mysql, AnEndThatHasClosedItsDirectionWaitsForNothing) {
    Wire client;
    client.received(greeting());
    client.sent(login());
    client.received(ok(2));
    client.sent(query("SELECT SLEEP(20)"));
    client.end_of_stream(kOut);
    EXPECT_EQ(client.uses(), Uses{"SELECT closed"});
    client.close();
    EXPECT_TRUE(client.all_accounted());
}

TEST(Mysql, WhatIsOpenWhenTheSessionEndsIsUnfinished) {
    Wire wire;
    wire.logged_in().received(query("SELECT SLEEP(10)"));
    wire.session_end();
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished});
}

TEST(Mysql, WhatServersSayUnaskedIsNoAnswer) {
    Wire wire;
    wire.logged_in().sent(packet(0, "\xFF\xC9\x07#70100Connection was killed"s));
    wire.close();
    EXPECT_EQ(wire.reader.started(), 0U);
}

TEST(Mysql, OtherProtocolsAreRefuted) {
    Wire web;
    web.received("GET / HTTP/1.1\r\n\r\n");
    web.sent("HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(web.sink.seen.size(), 0U);
    Wire other;
    other.received(query("SELECT a FROM t"));
    EXPECT_EQ(other.reader.standing(), Standing::kRefuted) << "the server speaks first";
}

TEST(Mysql, ManyStatementsArePreparedInLittleRoom) {
    PreparedStatements statements;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        statements.prepared(statements.prepare("SELECT", "t" + std::to_string(i)), i);
    }
    EXPECT_EQ(statements.find(0), nullptr) << "the oldest went";
    ASSERT_NE(statements.find(1999), nullptr);
    EXPECT_EQ(statements.find(1999)->collection(), "t1999");
    statements.close(1999);
    EXPECT_EQ(statements.find(1999), nullptr);
}

}  // namespace
}  // namespace footfall::mysql
