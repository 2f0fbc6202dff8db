// Calls of functions, kept until it is known which operation they were made for.
#include "agent/usage/calls_by_operation.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace footfall {
namespace {

constexpr OperationId kOrders{4};
constexpr OperationId kCart{9};

CallsTold told(std::vector<CallsTold::Called> called, std::uint16_t sleeps = 0, Tid tid = Tid{1}) {
    return {{1}, Pid{1}, tid, sleeps, std::move(called)};
}

std::uint64_t calls_of(const CallsByOperation& calls, std::uint32_t probe, std::uint32_t function, OperationId operation) {
    std::uint64_t sum = 0;
    for (const auto& found : calls.of_probe(probe)) {
        if (found.function == function && found.operation == operation) sum += found.calls;
    }
    return sum;
}

TEST(CallsByOperation, AddUpForEachOnceItIsKnown) {
    CallsByOperation calls;
    const auto first = calls.on(told({{{0, 5}, 2}, {{1, 5}, 7}})).wants;
    calls.on_message(Tid{1});
    const auto second = calls.on(told({{{0, 5}, 3}})).wants;
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(calls.of_probe(0).empty()) << "nobody has said yet what for";
    calls.set_operation(*second, kCart);
    calls.set_operation(*first, kOrders);
    calls.on_message(Tid{1});
    calls.set_operation(*calls.on(told({{{0, 5}, 10}})).wants, kOrders);
    EXPECT_EQ(calls_of(calls, 0, 5, kOrders), 12U);
    EXPECT_EQ(calls_of(calls, 0, 5, kCart), 3U);
    EXPECT_EQ(calls_of(calls, 1, 5, kOrders), 7U) << "the same number in another file is another function";
}

TEST(CallsByOperation, OfAThreadBetweenItsMessagesAndWaitsAreOne) {
    CallsByOperation calls;
    const auto first = calls.on(told({{{0, 1}, 1}})).wants;
    ASSERT_TRUE(first);
    for (std::uint32_t i = 0; i < 100'000; ++i) EXPECT_FALSE(calls.on(told({{{0, i % 40}, 1}})).wants);
    EXPECT_TRUE(calls.on(told({{{0, 1}, 1}}, 0, Tid{2})).wants) << "another thread's are not";
    EXPECT_TRUE(calls.on(told({{{0, 1}, 1}}, 1)).wants) << "nor are those behind a wait";
    calls.set_operation(*first, kOrders);
    EXPECT_EQ(calls_of(calls, 0, 1, kOrders), 2'501U);
    EXPECT_EQ(calls_of(calls, 0, 39, kOrders), 2'500U);
    calls.on_message(Tid{1});
    EXPECT_TRUE(calls.on(told({{{0, 1}, 1}}, 1)).wants) << "nor those behind a message";
}

TEST(CallsByOperation, OfNoneAreNotKept) {
    CallsByOperation calls;
    const auto id = calls.on(told({{{0, 1}, 1}})).wants;
    calls.set_operation(*id, std::nullopt);
    calls.set_operation(*id, kOrders);
    EXPECT_TRUE(calls.of_probe(0).empty()) << "what was said once stays";
    EXPECT_TRUE(calls.on(told({{{0, 1}, 1}})).wants) << "what is over does not go on";
}

TEST(CallsByOperation, AreNeverTakenForStacks) {
    CallsByOperation calls;
    EXPECT_TRUE(CallsByOperation::has(*calls.on(told({})).wants));
    EXPECT_FALSE(CallsByOperation::has(0));
    EXPECT_FALSE(CallsByOperation::has(1'000'000'000));
}

TEST(CallsByOperation, AreBounded) {
    CallsByOperation calls(2);
    for (std::uint32_t function = 0; function < 5; ++function) {
        calls.set_operation(*calls.on(told({{{0, function}, 1}})).wants, kOrders);
    }
    EXPECT_EQ(calls.of_probe(0).size(), 2U);
    calls.set_operation(*calls.on(told({{{0, 0}, 1}, {{0, 4}, 1}})).wants, kOrders);
    EXPECT_EQ(calls_of(calls, 0, 0, kOrders), 2U) << "what is known goes on counting";
    EXPECT_EQ(calls_of(calls, 0, 4, kOrders), 0U);
}

TEST(CallsByOperation, ThatWaitForTooLongFindNoRoomAndSaySo) {
    CallsByOperation calls(100, 2);
    const auto first = calls.on(told({{{0, 1}, 1}, {{0, 2}, 1}}));
    EXPECT_TRUE(first.had_room);
    EXPECT_FALSE(calls.on(told({{{0, 3}, 1}}, 1)).had_room);
    calls.set_operation(*first.wants, kOrders);
    EXPECT_TRUE(calls.on(told({{{0, 3}, 1}}, 1)).had_room);
}

}  // namespace
}  // namespace footfall
