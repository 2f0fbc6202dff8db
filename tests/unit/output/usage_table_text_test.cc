#include "output/table/usage_table_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "output/session/utf8.h"
#include "tests/unit/output/example_snapshot.h"
#include "tests/unit/output/golden.h"

namespace footfall {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> table_lines(const std::string& text) {
    std::vector<std::string> lines = lines_of(text);
    const auto title =
        std::find_if(lines.begin(), lines.end(), [](const auto& line) { return line.starts_with("SERVICE"); });
    return {title, std::find(title, lines.end(), "")};
}

TEST(UsageTableText, LooksAsRecorded) { expect_golden(usage_table_text(example_snapshot(), {}), "usage_table.txt"); }

TEST(UsageTableText, LooksAsRecordedIn80Columns) {
    expect_golden(usage_table_text(example_snapshot(), {.width = 80}), "usage_table_80.txt");
}

TEST(UsageTableText, WhatIsNeverAnsweredHasNoTimes) {
    Snapshot snapshot;
    Operation& operation = *snapshot.add_operations();
    operation.set_service("memcached");
    operation.set_kind("memcached");
    operation.set_operation("set");
    operation.set_role(ROLE_SERVER);
    OutcomeUse& outcome = *operation.add_outcomes();
    outcome.set_outcome("unknown");
    outcome.set_uses(5);
    const std::string row = table_lines(usage_table_text(snapshot, {})).at(1);
    EXPECT_THAT(row, testing::ContainsRegex("set +5 +0 +- +- +- +- +0 +0"));
}

TEST(UsageTableText, NamesTheErrorsOfAnOperationBesideIt) {
    const std::vector<std::string> lines = table_lines(usage_table_text(example_snapshot(), {}));
    EXPECT_TRUE(lines.at(0).ends_with("  ERROR TYPES"));
    EXPECT_TRUE(lines.at(1).ends_with("  500 ×3"));
    EXPECT_TRUE(lines.at(2).ends_with("  reset ×1"));
}

TEST(UsageTableText, ShowsWhatAServersUsesCostAndWhatOfItsCpuTimeIsNobodys) {
    const std::vector<std::string> lines = table_lines(usage_table_text(example_snapshot(), {}));
    EXPECT_THAT(lines.at(1), testing::ContainsRegex("412µs +412ms"));
    EXPECT_THAT(lines.at(3), testing::ContainsRegex("nginx +- +- +unattributed .* 88.0ms"));
    Snapshot unknown = example_snapshot();
    unknown.mutable_operations(1)->clear_cost();
    EXPECT_THAT(usage_table_text(unknown, {}), AllOf(Not(HasSubstr("CPU/USE")), Not(HasSubstr("unattributed"))));
}

TEST(UsageTableText, MarksWhatCameOverTlsAndHowMuchIfNotAllOfIt) {
    Snapshot snapshot = example_snapshot();
    EXPECT_THAT(usage_table_text(snapshot, {}), testing::ContainsRegex("server  http\\+tls  GET /orders"));
    EXPECT_THAT(usage_table_text(snapshot, {}), testing::ContainsRegex("client  http      POST /cart"));
    *snapshot.mutable_operations(1)->add_outcomes() = outcome_of("200", "", evenly(1'003, 0.0005, 0.002));
    EXPECT_THAT(usage_table_text(snapshot, {}), testing::ContainsRegex("server  http\\+tls 50%  GET /orders"));
}

TEST(UsageTableText, HasNoColumnForErrorsWhereThereAreNone) {
    Snapshot snapshot = example_snapshot();
    for (Operation& operation : *snapshot.mutable_operations()) operation.mutable_outcomes()->DeleteSubrange(1, 1);
    EXPECT_THAT(usage_table_text(snapshot, {}), Not(HasSubstr("ERROR TYPES")));
}

TEST(UsageTableText, FitsEveryWidthFrom60) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(0)->set_operation("GET /a/very/long/path/日本語/that/goes/on/and/on/" +
                                                  std::string(300, 'x'));
    snapshot.mutable_operations(1)->set_service("a-service-with-quite-a-long-name.service");
    for (std::size_t width = 60; width < 400; ++width) {
        for (const std::string& line : table_lines(usage_table_text(snapshot, {.width = width}))) {
            ASSERT_LE(display_width(line), width) << line;
            ASSERT_TRUE(is_utf8(line));
        }
    }
}

TEST(UsageTableText, ALongOperationIsShortenedBeforeAnythingElse) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(0)->set_operation("GET /" + std::string(300, 'x'));
    const std::string text = usage_table_text(snapshot, {.width = 160});
    EXPECT_THAT(text, HasSubstr("x…  "));
    EXPECT_THAT(text, HasSubstr("CONSUMERS"));
    EXPECT_THAT(text, Not(HasSubstr("no room for")));
}

TEST(UsageTableText, TheMostUsedComesFirst) {
    const std::string text = usage_table_text(example_snapshot(), {});
    EXPECT_LT(text.find("/orders/{id}"), text.find("/cart"));
}

TEST(UsageTableText, NothingThatATerminalObeysGetsThrough) {
    Snapshot snapshot = example_snapshot();
    const std::string hostile =
        "GET /\x1b]0;owned\x07\x1b[2J\r\n\x9b\xc2\x9b"
        "31m\xe2\x80\xae"
        "evil\xff";
    snapshot.mutable_operations(0)->set_operation(hostile);
    snapshot.mutable_operations(0)->set_service(hostile);
    snapshot.mutable_operations(0)->set_kind(hostile);
    snapshot.mutable_session()->set_host(hostile);
    snapshot.mutable_session()->set_kernel(hostile);
    snapshot.mutable_session()->set_source(hostile);
    snapshot.mutable_session()->add_target(hostile);
    (*snapshot.mutable_accounting()->mutable_dropped())[hostile] = 1;
    snapshot.mutable_blind_spots(0)->set_service(hostile);
    snapshot.mutable_blind_spots(0)->set_reason(hostile);
    snapshot.mutable_blind_spots(0)->set_hint(hostile);

    std::string text = usage_table_text(snapshot, {});
    EXPECT_TRUE(is_utf8(text));
    EXPECT_THAT(text, HasSubstr("\\x1b]0;owned\\x07"));
    EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
    EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
    std::erase(text, '\n');
    EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
    EXPECT_EQ(lines_of(usage_table_text(snapshot, {})).size(), lines_of(usage_table_text(example_snapshot(), {})).size());
}

TEST(UsageTableText, ColoursOnlyWhenAskedAndTheTextIsTheSame) {
    Snapshot snapshot = example_snapshot();
    *snapshot.add_operations() = http_operation("nginx", ROLE_SERVER, "GET", "/without/errors");
    const std::string plain = usage_table_text(snapshot, {});
    EXPECT_EQ(plain.find('\x1b'), std::string::npos);
    std::string coloured = usage_table_text(snapshot, {.colour = true});
    EXPECT_NE(coloured.find('\x1b'), std::string::npos);
    for (const std::string code : {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m"}) {
        for (auto at = coloured.find(code); at != std::string::npos; at = coloured.find(code))
            coloured.erase(at, code.size());
    }
    EXPECT_EQ(coloured, plain);
}

TEST(UsageTableText, AFileIsNoTerminal) {
    const TerminalStyle style = TerminalStyle::of(::fileno(::tmpfile()));
    EXPECT_FALSE(style.colour);
    EXPECT_EQ(style.width, 0U);
}

TEST(UsageTableText, NothingLostIsSaidAsLost0) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_accounting()->set_exported(12'345);
    snapshot.mutable_accounting()->clear_dropped();
    EXPECT_THAT(usage_table_text(snapshot, {}), HasSubstr("12,345 received, 12,345 counted, lost 0\n"));
}

TEST(UsageTableText, EveryLossIsNamedAndWhatHasNoNameIsCalledUnaccounted) {
    Snapshot snapshot = example_snapshot();
    EXPECT_THAT(usage_table_text(snapshot, {}), HasSubstr("lost 10: ring_full 8, unknown_connection 2\n"));
    snapshot.mutable_accounting()->set_exported(12'330);
    EXPECT_THAT(usage_table_text(snapshot, {}), HasSubstr("lost 15: ring_full 8, unaccounted 5, unknown_connection 2\n"));
}

TEST(UsageTableText, AnEmptySessionSaysSo) {
    const std::string text = usage_table_text(Snapshot{}, {.width = 80});
    EXPECT_THAT(text, HasSubstr("No uses were seen:"));
    EXPECT_THAT(text, HasSubstr("0 received, 0 counted, lost 0"));
    EXPECT_THAT(text, HasSubstr("BPF CPU not measured"));
}

}  // namespace
}  // namespace footfall
