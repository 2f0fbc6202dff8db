#include "agent/usage/top_consumers.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

namespace footfall {
namespace {

using Row = TopConsumers::Row;

std::uint64_t sum_of(const TopConsumers& top) {
    const auto rows = top.rows();
    return std::accumulate(rows.begin(), rows.end(), top.other() + top.unknown(),
                           [](std::uint64_t sum, const Row& row) { return sum + row.uses; });
}

TEST(TopConsumers, FewConsumersAreCountedExactlyMostFrequentFirst) {
    TopConsumers top;
    for (const std::uint64_t consumer : {7, 5, 7, 9, 7, 5}) top.add(consumer);
    EXPECT_EQ(top.rows(), (std::vector<Row>{{7, 3}, {5, 2}, {9, 1}}));
    EXPECT_EQ(top.other(), 0U);
}

TEST(TopConsumers, EquallyFrequentOnesComeInTheOrderOfTheirNumbers) {
    TopConsumers top;
    for (const std::uint64_t consumer : {3, 1, 2}) top.add(consumer);
    EXPECT_EQ(top.rows(), (std::vector<Row>{{1, 1}, {2, 1}, {3, 1}}));
}

TEST(TopConsumers, SaysWhetherAConsumerWasTrackedAlready) {
    TopConsumers top;
    EXPECT_FALSE(top.add(5));
    EXPECT_TRUE(top.add(5));
    EXPECT_FALSE(top.add(6));
}

TEST(TopConsumers, UnknownOnesAreCountedApart) {
    TopConsumers top;
    top.add(0);
    top.add(5);
    top.add(0);
    EXPECT_EQ(top.unknown(), 2U);
    EXPECT_EQ(top.rows(), (std::vector<Row>{{5, 1}}));
    EXPECT_EQ(top.other(), 0U);
}

TEST(TopConsumers, WithManyConsumersTheSumStaysExactAndNobodyGetsMoreThanItsOwn) {
    std::mt19937_64 random(3);
    TopConsumers top;
    std::map<std::uint64_t, std::uint64_t> real;
    for (int i = 0; i < 100'000; ++i) {
        const std::uint64_t consumer = random() % 4 == 0 ? 1 + random() % 3 : 1000 + random() % 50'000;
        top.add(consumer);
        ++real[consumer];
    }
    EXPECT_EQ(sum_of(top), 100'000U);
    for (const Row& row : top.rows()) EXPECT_LE(row.uses, real[row.consumer]) << row.consumer;
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_LE(top.rows()[i].consumer, 3U) << "the three that make a quarter of all uses are in front";
        EXPECT_GE(static_cast<double>(top.rows()[i].uses), 0.9 * static_cast<double>(real[top.rows()[i].consumer]));
    }
}

TEST(TopConsumers, AHeavyConsumerThatComesLateIsFound) {
    TopConsumers top;
    for (std::uint64_t consumer = 1000; consumer < 2000; ++consumer) top.add(consumer);
    for (int i = 0; i < 500; ++i) top.add(42);
    EXPECT_EQ(top.rows().front(), (Row{42, 500}));
    EXPECT_EQ(sum_of(top), 1500U);
}

}  // namespace
}  // namespace footfall
