#include "agent/base/time_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kPatience = 100;
constexpr std::size_t kMost = 4;

std::vector<std::string> released(TimeOrder<std::string>& order, std::uint64_t now) {
    std::vector<std::string> out;
    order.release({now}, [&](std::string value) { out.push_back(std::move(value)); });
    return out;
}

TEST(TimeOrder, WhatComesLateButInTimeIsPutInItsPlace) {
    TimeOrder<std::string> order(kPatience, kMost);
    order.add({1020}, "second");
    order.add({1030}, "third");
    order.add({1010}, "first");
    EXPECT_THAT(released(order, 1200), ElementsAre("first", "second", "third"));
}

TEST(TimeOrder, NothingWaitsForLongerThanThePatience) {
    TimeOrder<std::string> order(kPatience, kMost);
    order.add({1000}, "old");
    order.add({1050}, "young");
    EXPECT_THAT(released(order, 1099), IsEmpty());
    EXPECT_THAT(released(order, 1100), ElementsAre("old"));
    EXPECT_THAT(released(order, 1150), ElementsAre("young"));
}

TEST(TimeOrder, WhatIsTooLateDoesNotWait) {
    TimeOrder<std::string> order(kPatience, kMost);
    order.add({1000}, "on time");
    EXPECT_THAT(released(order, 1100), ElementsAre("on time"));
    order.add({500}, "too late");
    EXPECT_THAT(released(order, 1101), ElementsAre("too late"));
}

TEST(TimeOrder, EqualTimesStayAsTheyCame) {
    TimeOrder<std::string> order(kPatience, kMost);
    for (const char* value : {"a", "b", "c", "d"}) order.add({1000}, value);
    EXPECT_THAT(released(order, 1100), ElementsAre("a", "b", "c", "d"));
}

TEST(TimeOrder, TooMuchGoesAtOnceTheEarliestFirst) {
    TimeOrder<std::string> order(kPatience, kMost);
    for (const std::uint64_t time : {1006U, 1005U, 1004U, 1003U, 1002U, 1001U}) order.add({time}, std::to_string(time));
    EXPECT_THAT(released(order, 1010), ElementsAre("1001", "1002"));
    EXPECT_EQ(order.size(), kMost);
}

TEST(TimeOrder, AtTheEndAllIsHandedOut) {
    TimeOrder<std::string> order(kPatience, kMost);
    order.add({1002}, "later");
    order.add({1001}, "earlier");
    std::vector<std::string> out;
    order.release_all([&](std::string value) { out.push_back(std::move(value)); });
    EXPECT_THAT(out, ElementsAre("earlier", "later"));
    EXPECT_EQ(order.size(), 0U);
}

}  // namespace
}  // namespace footfall
