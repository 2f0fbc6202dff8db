#include "agent/probes/extents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace footfall {
namespace {

constexpr MonotonicTime kStart{1'000'000'000};

constexpr MonotonicTime later(std::uint64_t milliseconds) { return {kStart.nanoseconds + milliseconds * 1'000'000}; }

TEST(Extents, HandsOutTheFirstRangeThatFits) {
    Extents extents(100);
    EXPECT_EQ(extents.take(10, kStart), 0U);
    EXPECT_EQ(extents.take(20, kStart), 10U);
    EXPECT_EQ(extents.take(70, kStart), 30U);
    EXPECT_EQ(extents.take(1, kStart), std::nullopt);

    extents.give_back(0, 10, kStart);
    extents.give_back(30, 70, kStart);
    EXPECT_EQ(extents.take(11, later(1000)), 30U) << "the first free range is too small";
    EXPECT_EQ(extents.take(10, later(1000)), 0U);
}

TEST(Extents, WhatIsGivenBackRestsBeforeItIsUsedAgain) {
    Extents extents(10);
    ASSERT_EQ(extents.take(10, kStart), 0U);
    extents.give_back(0, 10, kStart);
    EXPECT_EQ(extents.take(1, kStart), std::nullopt);
    EXPECT_EQ(extents.take(1, later(99)), std::nullopt);
    EXPECT_EQ(extents.take(10, later(100)), 0U);
}

TEST(Extents, EachRangeRestsByItself) {
    Extents extents(10);
    ASSERT_EQ(extents.take(10, kStart), 0U);
    extents.give_back(0, 5, kStart);
    extents.give_back(5, 5, later(60));
    EXPECT_EQ(extents.take(6, later(110)), std::nullopt);
    EXPECT_EQ(extents.take(5, later(110)), 0U);
    EXPECT_EQ(extents.take(5, later(160)), 5U);
}

TEST(Extents, NeighboursGrowTogetherInAnyOrder) {
    const std::vector<std::vector<std::uint32_t>> orders{{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}};
    for (const auto& order : orders) {
        Extents extents(30);
        ASSERT_EQ(extents.take(30, kStart), 0U);
        for (const std::uint32_t third : order) extents.give_back(third * 10, 10, kStart);
        EXPECT_EQ(extents.take(30, later(100)), 0U) << order[0] << order[1] << order[2];
    }
}

TEST(Extents, MoreThanThereEverWasIsRefused) {
    Extents extents(10);
    EXPECT_EQ(extents.take(11, kStart), std::nullopt);
    EXPECT_EQ(extents.take(10, kStart), 0U) << "the refusal took nothing";
}

TEST(Extents, GivingBackNothingIsNothing) {
    Extents extents(10);
    extents.give_back(5, 0, kStart);
    EXPECT_EQ(extents.take(10, later(100)), 0U);
}

TEST(Extents, NoUnitIsEverHandedOutTwiceAndNoneGetsLost) {
    constexpr std::uint32_t kSize = 500;
    struct Held {
        std::uint32_t first;
        std::uint32_t count;
    };
    std::mt19937 random(1);
    Extents extents(kSize);
    std::vector<Held> held;
    std::vector<bool> taken(kSize);
    std::uint64_t now = 0;
    for (int i = 0; i < 20'000; ++i) {
        now += random() % 20;
        if (!held.empty() && random() % 2 == 0) {
            std::swap(held[random() % held.size()], held.back());
            const Held back = held.back();
            held.pop_back();
            extents.give_back(back.first, back.count, later(now));
            std::fill_n(taken.begin() + back.first, back.count, false);
            continue;
        }
        const auto count = static_cast<std::uint32_t>(1 + random() % 40);
        const auto first = extents.take(count, later(now));
        if (!first) continue;
        ASSERT_LE(*first + count, kSize);
        for (std::uint32_t unit = *first; unit < *first + count; ++unit) {
            ASSERT_FALSE(taken[unit]) << unit;
            taken[unit] = true;
        }
        held.push_back({*first, count});
    }
    for (const Held& back : held) extents.give_back(back.first, back.count, later(now));
    EXPECT_EQ(extents.take(kSize, later(now + 100)), 0U);
}

}  // namespace
}  // namespace footfall
