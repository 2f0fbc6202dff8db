#include "agent/config/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace footfall {
namespace {

using testing::HasSubstr;

TEST(Values, PercentsAreSharesOfOne) {
    EXPECT_DOUBLE_EQ(*parse_percent("5%"), 0.05);
    EXPECT_DOUBLE_EQ(*parse_percent("0.5%"), 0.005);
    EXPECT_DOUBLE_EQ(*parse_percent("100%"), 1);
    for (const char* wrong : {"", "%", "5", "0%", "-1%", "101%", "nan%", "inf%", "5 %", "5%%", "1e400%"}) {
        EXPECT_FALSE(parse_percent(wrong)) << wrong;
    }
}

TEST(Values, DurationsHaveUnitsLargestFirst) {
    EXPECT_EQ(parse_duration("15s").value(), 15'000'000'000U);
    EXPECT_EQ(parse_duration("5m").value(), 300'000'000'000U);
    EXPECT_EQ(parse_duration("1h30m").value(), 5'400'000'000'000U);
    EXPECT_EQ(parse_duration("250ms").value(), 250'000'000U);
    EXPECT_EQ(parse_duration("1d").value(), 86'400'000'000'000U);
    EXPECT_EQ(parse_duration("10us").value(), 10'000U);
    EXPECT_EQ(parse_duration("0s").value(), 0U);
}

TEST(Values, WhatIsNoDurationIsRefused) {
    for (const char* text :
         {"", "15", "s", "15 s", "1.5s", "-1s", "30m1h", "1s1s", "15sec", "99999999999999999999s", "999999999d"}) {
        const auto parsed = parse_duration(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error().what, HasSubstr("'" + std::string(text) + "' is not a duration"));
        EXPECT_EQ(parsed.error().exit_code, ExitCode::kBadConfig);
    }
}

TEST(Values, ANumberIsToldToHaveAUnit) {
    EXPECT_THAT(parse_duration("5").error().what, HasSubstr("it has no unit"));
    EXPECT_THAT(parse_duration("5").error().fix, HasSubstr("write 5s"));
    for (const char* text : {"", "5 ", "5x", "s"}) EXPECT_EQ(parse_duration(text).error().fix, "") << text;
}

TEST(Values, SizesHaveBinaryUnitsOrNone) {
    EXPECT_EQ(parse_size("8MiB").value(), 8U << 20);
    EXPECT_EQ(parse_size("64KiB").value(), 64U << 10);
    EXPECT_EQ(parse_size("2GiB").value(), std::uint64_t{2} << 30);
    EXPECT_EQ(parse_size("512B").value(), 512U);
    EXPECT_EQ(parse_size("4096").value(), 4096U);
}

TEST(Values, WhatIsNoSizeIsRefused) {
    for (const char* text : {"", "MiB", "8MB", "8M", "8 MiB", "-1", "8MiBs", "99999999999GiB"})
        EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Values, ListenAddressesAreAHostAndAPort) {
    EXPECT_EQ(parse_listen_address("127.0.0.1:9843").value(), (ListenAddress{"127.0.0.1", 9843}));
    EXPECT_EQ(parse_listen_address("[::1]:80").value(), (ListenAddress{"::1", 80}));
    EXPECT_EQ(parse_listen_address(":9843").value(), (ListenAddress{"", 9843}));
    EXPECT_EQ(parse_listen_address("localhost:1").value(), (ListenAddress{"localhost", 1}));
    for (const char* text : {"127.0.0.1:9843", "[::1]:80", ":9843"})
        EXPECT_EQ(parse_listen_address(text).value().text(), text);
}

TEST(Values, WhatIsNoListenAddressIsRefused) {
    for (const char* text : {"", "9843", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:80", "[::1:80",
                             "[]:80", "example.com:80", "127.0.0.1:http", "1.2.3:80"}) {
        EXPECT_FALSE(parse_listen_address(text)) << text;
    }
}

TEST(Values, LoopbackIsWhatOnlyThisMachineReaches) {
    for (const char* text : {"127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "localhost:1"})
        EXPECT_TRUE(parse_listen_address(text)->loopback());
    for (const char* text : {":1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1"})
        EXPECT_FALSE(parse_listen_address(text)->loopback());
}

}  // namespace
}  // namespace footfall
