#include "agent/base/human_units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace footfall {
namespace {

TEST(HumanUnits, CountsAreGroupedByThousands) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1'000), "1,000");
    EXPECT_EQ(grouped(12'345'678), "12,345,678");
}

TEST(HumanUnits, DurationsHaveThreeDigitsAndAUnit) {
    EXPECT_EQ(human_duration(0), "0");
    EXPECT_EQ(human_duration(850e-9), "850ns");
    EXPECT_EQ(human_duration(1.2e-6), "1.20µs");
    EXPECT_EQ(human_duration(0.0012), "1.20ms");
    EXPECT_EQ(human_duration(0.0123), "12.3ms");
    EXPECT_EQ(human_duration(0.1234), "123ms");
    EXPECT_EQ(human_duration(0.99951), "1.00s");
    EXPECT_EQ(human_duration(15), "15.0s");
    EXPECT_EQ(human_duration(125), "2m05s");
    EXPECT_EQ(human_duration(3'725), "1h02m");
}

TEST(HumanUnits, DurationsThatAreNotNumbersArePrintedAsSomething) {
    EXPECT_EQ(human_duration(-1), "0");
    EXPECT_EQ(human_duration(std::nan("")), "0");
    EXPECT_FALSE(human_duration(std::numeric_limits<double>::infinity()).empty());
}

TEST(HumanUnits, BytesAreBinary) {
    EXPECT_EQ(human_bytes(0), "0");
    EXPECT_EQ(human_bytes(512), "512B");
    EXPECT_EQ(human_bytes(3'482), "3.40KiB");
    EXPECT_EQ(human_bytes(1'048'575), "1.00MiB");
    EXPECT_EQ(human_bytes(~0ULL), "16.0EiB");
}

TEST(HumanUnits, SharesAreNeverRoundedToNoneOrAll) {
    EXPECT_EQ(human_share(0, 10), "0%");
    EXPECT_EQ(human_share(10, 10), "100%");
    EXPECT_EQ(human_share(1, 1'000'000), "<0.1%");
    EXPECT_EQ(human_share(999'999, 1'000'000), ">99.9%");
    EXPECT_EQ(human_share(3, 1'003), "0.3%");
    EXPECT_EQ(human_share(1, 3), "33%");
}

}  // namespace
}  // namespace footfall
