// Late attach, and bytes that passed unseen.
#include "tests/unit/postgresql/harness.h"

namespace footfall::postgresql {
namespace {

const std::string kLongRows = [] {
    std::string rows;
    while (rows.size() < 1000) rows += row("something");
    return rows;
}();

TEST(LateAttach, BeginsWithTheFirstWholeExchange) {
    Session wire(true);
    wire.sent(row() + completed("SELECT 1") + ready());
    wire.received(query("SELECT * FROM orders"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
    wire.received(query("SELECT * FROM carts"));  // it has waited for its answer
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
}

TEST(LateAttach, AtTheClientToo) {
    Session wire(true);
    wire.sent(parse("", "SELECT * FROM orders") + bind_portal("", "") + execute() + sync());
    wire.received(kParsed + kBound + row() + completed("SELECT 1") + ready());
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST(LateAttach, WhatWasPreparedBeforeIsUnknownUntilItIsPreparedAgain) {
    Session wire(true);
    wire.received(run("s1"));
    wire.sent(kBound + selected() + ready());
    wire.received(parse("s1", "SELECT * FROM orders") + run("s1"));
    wire.sent(kParsed + kBound + selected() + ready());
    EXPECT_EQ(wire.uses(), (Uses{"EXECUTE {unknown} ok", "SELECT orders ok"}));
}

TEST(LateAttach, NothingIsCountedBeforeBothEndsHaveSpoken) {
    Session wire(true);
    wire.received(query("SELECT 1"));
    wire.close();
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_TRUE(wire.sink.lost.empty());
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateAttach, AnAnswerInTheMiddleOfAResultConfirmsNothing) {
    Session wire(true);
    wire.received(query("SELECT 1"));
    wire.sent("thing\0\0" + kLongRows);
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.received(query("SELECT 2 FROM orders"));
    wire.sent(selected() + ready());
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
}

TEST(Gap, InALongValueCostsNothing) {
    Session wire;
    const std::string insert = query("INSERT INTO orders VALUES ('" + std::string(200000, 'x') + "')");
    wire.truncated(kIn, insert.substr(0, 16384), insert.size() - 16384 - 64, insert.substr(insert.size() - 64));
    wire.sent(completed("INSERT 0 1") + ready());
    const std::string answer = described() + row(std::string(100000, 'y')) + completed("SELECT 1") + ready();
    wire.received(query("SELECT * FROM orders"));
    wire.truncated(kOut, answer.substr(0, 256), answer.size() - 256 - 64, answer.substr(answer.size() - 64));
    EXPECT_EQ(wire.uses(), (Uses{"INSERT orders ok", "SELECT orders ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gap, InManyRowsTheEndOfTheResultIsStillItsEnd) {
    Session wire;
    wire.received(query("SELECT * FROM orders"));
    wire.truncated(kOut, described() + kLongRows, 5000, kLongRows.substr(3, 64));
    wire.truncated(kOut, kLongRows.substr(7, 256), 7000, kLongRows.substr(5, 64));
    const std::string end = row() + row() + row() + completed("SELECT 100000") + ready();
    wire.truncated(kOut, kLongRows.substr(9, 256), 3000, end.substr(end.size() - 64));
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
    wire.received(query("SELECT 1"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.sink.seen.size(), 2U);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Gap, TheEndOfAResultMayBeSplitAnywhere) {
    const std::string end = row() + row() + row() + completed("SELECT 100000") + ready();
    for (std::size_t split = 1; split < end.size(); ++split) {
        Session wire;
        wire.received(query("SELECT * FROM orders"));
        const std::string last =
            (kLongRows + end)
                .substr(kLongRows.size() + split - std::min<std::size_t>(64, split), std::min<std::size_t>(64, split));
        wire.truncated(kOut, described() + kLongRows, 5000, last);
        wire.sent(end.substr(split));
        EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"}) << split;
    }
}

TEST(Gap, AResultWhoseErrorPassedUnseenIsLost) {
    Session wire;
    wire.received(query("SELECT 1 / a FROM orders"));
    wire.truncated(kOut, described() + kLongRows, 5000, (failed("22012") + ready()).substr(10));
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    wire.received(query("SELECT 1"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.uses(), Uses{"SELECT ok"});
}

TEST(Gap, OfAWholeAnswerLosesThatExchangeAlone) {
    Session wire;
    wire.received(query("SELECT 1 FROM a"));
    wire.gap(kOut, 100);
    wire.received(query("SELECT 1 FROM b"));
    wire.sent(selected() + ready());
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT b ok"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gap, OfAWholeRequestLosesThatExchangeAlone) {
    Session wire;
    wire.gap(kIn, 50);
    wire.sent(selected() + ready());
    wire.received(query("SELECT 1 FROM b"));
    wire.sent(selected() + ready());
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT b ok"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gap, InAPipelineThatCantBeKnownLosesAllOfIt) {
    Session wire;
    wire.received(query("SELECT 1 FROM a") + query("SELECT 1 FROM b"));
    wire.gap(kOut, 5000);
    wire.sent(row() + completed("SELECT 1") + ready());
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.sink.lost, (Lost{LostReason::kGap, LostReason::kGap}));
    wire.received(query("SELECT 1 FROM c"));
    wire.sent(selected() + ready());
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT c ok"});
}

TEST(Gap, InTheDataOfACopyAsksForNothing) {
    Session wire;
    wire.received(query("COPY orders FROM STDIN"));
    wire.sent(message('G', "\0\0\0"sv));
    wire.truncated(kIn, message('d', "1\tone\n"), 100000, message('d', "2\n").substr(2) + message('c'));
    wire.sent(completed("COPY 5000") + ready());
    wire.received(query("SELECT 1"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.uses(), (Uses{"COPY orders ok", "SELECT ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Gap, InManyPipelinedRequestsCountsEachAnswerAsLost) {
    Session wire;
    const std::string step = bind_portal("", "s") + execute();
    wire.received(parse("s", "INSERT INTO orders VALUES ($1)") + step);
    wire.truncated(kIn, step.substr(0, 3), 3 * step.size() - 3, sync());
    wire.sent(kParsed);
    for (int i = 0; i < 4; ++i) wire.sent(kBound + completed("INSERT 0 1"));
    wire.sent(ready());
    EXPECT_EQ(wire.uses(), Uses{"INSERT orders ok"});
    EXPECT_EQ(wire.sink.lost, (Lost{LostReason::kGap, LostReason::kGap, LostReason::kGap}));
    wire.received(step + sync());
    wire.sent(kBound + completed("INSERT 0 1") + ready());
    wire.close();
    EXPECT_EQ(wire.sink.seen.size(), 2U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gap, IsNoErrorOfTheConnectionsEnd) {
    Session unseen;
    unseen.received(query("SELECT * FROM orders"));
    unseen.gap(kOut, 5000);
    unseen.close();
    EXPECT_TRUE(unseen.uses().empty());
    EXPECT_EQ(unseen.sink.lost, Lost{LostReason::kGap});

    Session cut;  // what was seen last is no end
    cut.received(query("SELECT * FROM orders"));
    cut.truncated(kOut, described() + kLongRows, 5000, kLongRows.substr(3, 64));
    cut.close();
    EXPECT_EQ(cut.uses(), Uses{"SELECT orders closed"});

    Session asked_anew;  // and got no answer
    asked_anew.received(query("SELECT * FROM orders"));
    asked_anew.gap(kOut, 5000);
    asked_anew.received(query("SELECT * FROM carts"));
    asked_anew.close();
    EXPECT_EQ(asked_anew.uses(), Uses{"SELECT carts closed"});
    EXPECT_EQ(asked_anew.sink.lost, Lost{LostReason::kGap});
}

const std::string kRow = row() + completed("SELECT 1");
const std::string kOne = kParsed + kBound + kRow + ready();

std::string ask(std::string_view table) {
    return parse("", "SELECT * FROM " + std::string(table)) + bind_portal("", "") + execute() + sync();
}

// The client has sent more Syncs than were seen: the answers to those come first.
TEST(LateAttach, InTheMiddleOfAPipelineNoAnswerIsGivenToTheNext) {
    Session wire(true);
    wire.received(ask("c"));
    wire.received(ask("d"));
    wire.sent(kOne);  // of a
    wire.sent(kOne);  // of b
    wire.sent(kOne);  // of c: one too many
    wire.sent(kOne);
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.sink.lost, (Lost{LostReason::kBeganBefore, LostReason::kBeganBefore}));

    wire.received(ask("e") + ask("f"));
    wire.sent(kOne + kOne);
    wire.received(ask("g"));
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"SELECT e ok", "SELECT f ok", "SELECT g closed"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateAttach, ATagOfAnotherStatementIsNoAnswer) {
    Session wire(true);
    wire.received(query("SELECT * FROM b"));
    wire.sent(completed("UPDATE 1") + ready());  // of what was asked before
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kBeganBefore});
    wire.sent(selected() + ready());
    wire.received(query("UPDATE b SET c = 1"));
    wire.sent(completed("UPDATE 1") + ready());
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"UPDATE b ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateAttach, AnAnswerInTheMiddleOfAPipelinedStatementIsNoAnswer) {
    Session wire(true);
    wire.received(ask("b"));
    wire.sent(kRow + ready());  // the rest of a's
    wire.sent(kOne);
    EXPECT_TRUE(wire.uses().empty());
    wire.received(ask("c"));
    wire.sent(kOne);
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT c ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateAttach, AClientThatAlwaysAsksAheadIsBelievedAfterManyUses) {
    Session wire(true);
    wire.received(ask("orders") + ask("orders"));
    std::size_t asked = 2;
    for (; wire.uses().empty() && asked < 1000; ++asked) {
        wire.received(ask("orders"));
        wire.sent(kOne);
    }
    EXPECT_EQ(wire.uses().size(), 256U);
    EXPECT_EQ(asked, 256U + 2);
    wire.sent(kOne + kOne);
    EXPECT_EQ(wire.uses().size(), 258U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gap, OfTheStartupMessageIsNoGarbage) {
    Wire wire;
    wire.received(ssl_request());
    wire.sent("N");
    wire.gap(kIn, startup().size());
    wire.sent(greeting());
    wire.received(query("SELECT * FROM orders"));
    wire.sent(selected() + ready());
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"SELECT orders ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gap, InAPipelineNoAnswerIsGivenToTheNext) {
    Session wire;
    wire.received(ask("a") + ask("b") + ask("c"));
    wire.gap(kOut, 100);      // the answer to a
    wire.received(ask("d"));  // what waits is lost
    wire.sent(kOne + kOne);   // of b and c
    wire.sent(kOne);
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.sink.lost, Lost(4, LostReason::kGap));
    wire.received(ask("e"));
    wire.sent(kOne);
    wire.received(ask("f"));  // proved
    EXPECT_EQ(wire.uses(), Uses{"SELECT e ok"});
    wire.sent(kOne);
    EXPECT_EQ(wire.uses(), (Uses{"SELECT e ok", "SELECT f ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gap, WhatIsHeldBackIsLostInTheNextOne) {
    Session wire;
    wire.received(ask("a"));
    wire.gap(kOut, 100);
    wire.received(ask("b"));
    wire.sent(kOne);
    wire.gap(kOut, 100);
    wire.received(ask("c"));
    wire.sent(kOne);
    wire.session_end();
    EXPECT_EQ(wire.uses(), Uses{"SELECT c ok"});
    EXPECT_EQ(wire.sink.lost, (Lost{LostReason::kGap, LostReason::kGap}));
    EXPECT_TRUE(wire.all_accounted());
}

constexpr std::size_t kTooDeep = 6000;
constexpr std::size_t kRoom = 16384;  // for steps, of which a statement has three, and Sync is one
const std::string kAsked = parse("", "SELECT * FROM orders") + bind_portal("", "") + execute();
const std::string kAnswered = kParsed + kBound + row() + completed("SELECT 1");

TEST(TooMany, StatementsOfOnePipelineAreLostOnce) {
    Session wire;
    for (std::size_t i = 0; i < kTooDeep; ++i) wire.received(kAsked);
    wire.received(sync());
    for (std::size_t i = 0; i < kTooDeep; ++i) wire.sent(kAnswered);
    wire.sent(ready());
    EXPECT_EQ(wire.uses(), Uses(kRoom / 3, "SELECT orders ok"));
    EXPECT_EQ(wire.sink.lost.size(), kTooDeep - kRoom / 3);

    wire.received(query("SELECT * FROM carts"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.uses().back(), "SELECT carts ok");
    EXPECT_TRUE(wire.all_accounted());
}

TEST(TooMany, PipelinesAreReadAgainWhenAllOfThemAreAnswered) {
    Session wire;
    for (std::size_t i = 0; i < kTooDeep; ++i) wire.received(kAsked + sync());
    for (std::size_t i = 0; i + 1 < kTooDeep; ++i) wire.sent(kAnswered + ready());
    wire.received(query("SELECT 1; SELECT 2"));  // two more of them
    wire.sent(kAnswered + ready());
    wire.sent(selected() + selected() + ready());
    EXPECT_EQ(wire.uses(), Uses(kRoom / 4, "SELECT orders ok"));
    EXPECT_EQ(wire.sink.lost.size(), kTooDeep - kRoom / 4 + 2);

    wire.received(query("SELECT * FROM carts"));
    wire.sent(selected() + ready());
    EXPECT_EQ(wire.uses().back(), "SELECT carts ok");
    EXPECT_TRUE(wire.all_accounted());
}

}  // namespace
}  // namespace footfall::postgresql
