// Bytes that were not seen, and connections that are older than footfall.
#include "tests/unit/mysql/wire.h"

namespace footfall::mysql {
namespace {

std::string select() { return query("SELECT a FROM t"); }

// A result so long that only its ends are seen.
void long_result(Wire& wire, std::string_view end) {
    wire.received(select());
    wire.truncated(kOut, rows(5).substr(0, 60), 1 << 20, std::string(64 - 9, 'x') + eof(77));
    wire.truncated(kOut, "middle", 1 << 20, end);
}

TEST(MysqlGaps, ALongResultEndsWithTheLastBytesBeforeTheNextCommand) {
    Wire wire;
    wire.logged_in();
    long_result(wire, "value" + eof(200));
    EXPECT_EQ(wire.uses(), Uses{}) << "more may come";
    const std::uint64_t end = wire.now;
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "COMMIT ok"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.end.nanoseconds, end);
    EXPECT_GT(wire.sink.seen[0].exchange.bytes_out, 2U << 20U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MysqlGaps, AnEndThatIsCutInTwoIsAnEnd) {
    Wire wire;
    wire.logged_in();
    long_result(wire, "value" + ok_as_eof(200).substr(0, 3));
    wire.sent(ok_as_eof(200).substr(3));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT t ok"});
}

TEST(MysqlGaps, ALongResultMayEndInAnError) {
    Wire wire;
    wire.logged_in();
    long_result(wire, error(200, 1317, "70100", "Query execution was interrupted"));
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t 70100", "COMMIT ok"}));
}

TEST(MysqlGaps, AResultWhoseEndWasNotSeenIsLost) {
    Wire wire;
    wire.logged_in();
    long_result(wire, "xxxxxxxxxxxxxxxxxxxxx");
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), Uses{"COMMIT ok"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(MysqlGaps, AreNoErrorsOfTheConnectionsEnd) {
    Wire unseen;
    unseen.logged_in().received(select());
    unseen.gap(kOut, 5000);
    unseen.close();
    EXPECT_EQ(unseen.uses(), Uses{});
    EXPECT_EQ(unseen.sink.lost, Lost{LostReason::kGap});

    Wire cut;  // what was seen last is no end
    cut.logged_in();
    long_result(cut, "xxxxxxxxxxxxxxxxxxxxx");
    cut.close();
    EXPECT_EQ(cut.uses(), Uses{"SELECT t closed"});
}

TEST(MysqlGaps, SeveralResultsInAGapAreAllUsed) {
    Wire wire;
    wire.logged_in().received(query("SELECT a FROM t; SELECT b FROM u; SELECT c FROM v"));
    wire.truncated(kOut, rows(5).substr(0, 60), 1 << 20, "value" + eof(99, 2 | 8));
    wire.sent(rows(2, 100));
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "SELECT u ok", "SELECT v ok", "COMMIT ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MysqlGaps, OfSeveralThatWaitAllAreLost) {
    Wire wire;
    wire.logged_in().received(select() + select());
    wire.gap(kOut, 5000);
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), Uses{"COMMIT ok"});
    EXPECT_EQ(wire.sink.lost, (Lost{LostReason::kGap, LostReason::kGap}));
}

TEST(MysqlGaps, APreparationThatIsCutIsOneUse) {
    Wire wire;
    wire.logged_in();
    for (int i = 0; i < 3; ++i) {
        wire.received(command(0x16, "SELECT a FROM t"));
        wire.truncated(kOut, packet(1, "\0\7\0\0\0\1\0\0\0\0\0\0"s), 5000, column(2) + eof(3));
    }
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"PREPARE t ok", "PREPARE t ok", "PREPARE t ok"}));
}

TEST(MysqlGaps, ACommandThatPassedUnseenIsNoUse) {
    Wire wire;
    wire.logged_in();
    wire.gap(kIn, 30);
    wire.sent(rows(3));
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), Uses{"COMMIT ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MysqlGaps, AGapInAValueIsSkippedByLength) {
    Wire wire;
    wire.logged_in().received(select());
    wire.truncated(kOut, packet(1, "\1") + column(2) + eof(3) + little(100'000, 3) + "\4\xFD", 100'000 - 1 - 30,
                   std::string(30, 'x') + eof(5));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t ok"});
}

TEST(MysqlGaps, AWrongNumberIsAGap) {
    Wire wire;
    wire.logged_in().exchange(select(), ok(3));
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), Uses{"COMMIT ok"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(MysqlGaps, ALoginThatWasMissedIsLikeALateStart) {
    Wire wire;
    wire.sent(greeting());
    wire.gap(kIn, 200);
    wire.sent(ok(2));
    wire.exchange(select(), rows(1));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t ok"});
}

TEST(MysqlLate, TheFirstWholeExchangeIsTheFirstUse) {
    Wire wire(true);
    wire.sent(rows(3).substr(20));
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.exchange(select(), rows(1));
    wire.exchange(query("COMMIT"), ok());
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "COMMIT ok"}));
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
}

TEST(MysqlLate, TheClientsEndToo) {
    Wire wire(true);
    wire.sent(select());
    wire.received(rows(1));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t ok"});
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST(MysqlLate, AHeaderThatIsReadByItselfBeginsACommand) {
    Wire wire(true);
    wire.received(select().substr(0, 4));
    wire.received(select().substr(4));
    wire.sent(rows(1));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t ok"});
}

TEST(MysqlLate, EitherEndOfRowsIsFoundOut) {
    Wire wire(true);
    wire.exchange(select(), packet(1, "\1") + column(2) + ok_as_eof(3));
    wire.exchange(select(), packet(1, "\1") + column(2) + packet(3, "\1a") + ok_as_eof(4));
    Wire older(true);
    older.exchange(select(), rows(0));
    older.exchange(select(), rows(2));
    EXPECT_EQ(wire.uses(), (Uses{"SELECT t ok", "SELECT t ok"}));
    EXPECT_EQ(older.uses(), (Uses{"SELECT t ok", "SELECT t ok"}));
}

TEST(MysqlLate, TheEndOfAPreparationThatCantBeWaitedForIsNoAnswer) {
    Wire wire(true);
    wire.received(command(0x16, "SELECT a FROM t") + command(0x0E));
    wire.sent(packet(1, "\0\7\0\0\0\1\0\0\0\0\0\0"s) + column(2) + eof(3));
    wire.sent(ok());
    EXPECT_EQ(wire.uses(), (Uses{"PREPARE t ok", "PING ok"}));
}

TEST(MysqlLate, AStatementWhoseTextWasNotSeenIsNotGuessed) {
    Wire wire(true);
    wire.exchange(command(0x17, little(3, 4) + "\0\1\0\0\0"s), rows(1));
    EXPECT_EQ(wire.uses(), Uses{"EXECUTE _OTHER ok"});
}

TEST(MysqlLate, ALoginIsFound) {
    Wire wire(true);
    wire.received(login(kUsual | 1U << 5U));
    wire.sent(ok(2));
    EXPECT_EQ(wire.reader.standing(), Standing::kCompressed);
}

TEST(MysqlLate, WhatIsNotAnsweredAsItShouldBeWasNoCommand) {
    Wire wire(true);
    wire.sent(select());  // rows may look so
    wire.received(query("SELECT b FROM u"));
    EXPECT_EQ(wire.sink.seen.size(), 0U);
    wire.exchange(query("SELECT c FROM v"), rows(1));
    EXPECT_EQ(wire.uses(), Uses{"SELECT v ok"});
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MysqlLate, OtherProtocolsAreRefutedInTheEnd) {
    Wire wire(true);
    for (int i = 0; i < 300 && wire.reader.standing() == Standing::kGuessed; ++i) {
        wire.received("GET / HTTP/1.1\r\n\r\n");
        wire.sent("HTTP/1.1 200 OK\r\n\r\n");
    }
    EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
    EXPECT_EQ(wire.reader.started(), 0U);
}

}  // namespace
}  // namespace footfall::mysql
