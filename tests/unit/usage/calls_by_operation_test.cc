// Calls of functions, kept until it is known which operation they were made for.
#include "agent/usage/calls_by_operation.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace footfall {
namespace {

constexpr OperationId kOrders{4};
constexpr OperationId kCart{9};

CallsTold told(std::vector<CallsTold::Called> called) { return {{1}, Pid{1}, Tid{1}, 0, std::move(called)}; }

std::uint64_t calls_of(const CallsByOperation& calls, std::uint32_t probe, std::uint32_t function, OperationId operation) {
    std::uint64_t sum = 0;
    for (const auto& found : calls.of_probe(probe)) {
        if (found.function == function && found.operation == operation) sum += found.calls;
    }
    return sum;
}

TEST(CallsByOperation, AddUpForEachOnceItIsKnown) {
    CallsByOperation calls;
    const auto first = calls.on(told({{{0, 5}, 2}, {{1, 5}, 7}}));
    const auto second = calls.on(told({{{0, 5}, 3}}));
    EXPECT_TRUE(calls.of_probe(0).empty()) << "nobody has said yet what for";
    calls.set_operation(second, kCart);
    calls.set_operation(first, kOrders);
    calls.set_operation(calls.on(told({{{0, 5}, 10}})), kOrders);
    EXPECT_EQ(calls_of(calls, 0, 5, kOrders), 12U);
    EXPECT_EQ(calls_of(calls, 0, 5, kCart), 3U);
    EXPECT_EQ(calls_of(calls, 1, 5, kOrders), 7U) << "the same number in another file is another function";
}

TEST(CallsByOperation, OfNoneAreNotKept) {
    CallsByOperation calls;
    const auto id = calls.on(told({{{0, 1}, 1}}));
    calls.set_operation(id, std::nullopt);
    calls.set_operation(id, kOrders);
    EXPECT_TRUE(calls.of_probe(0).empty()) << "what was said once stays";
}

TEST(CallsByOperation, AreNeverTakenForStacks) {
    CallsByOperation calls;
    EXPECT_TRUE(CallsByOperation::has(calls.on(told({}))));
    EXPECT_FALSE(CallsByOperation::has(0));
    EXPECT_FALSE(CallsByOperation::has(1'000'000'000));
}

TEST(CallsByOperation, AreBounded) {
    CallsByOperation calls(2);
    for (std::uint32_t function = 0; function < 5; ++function)
        calls.set_operation(calls.on(told({{{0, function}, 1}})), kOrders);
    EXPECT_EQ(calls.of_probe(0).size(), 2U);
    calls.set_operation(calls.on(told({{{0, 0}, 1}, {{0, 4}, 1}})), kOrders);
    EXPECT_EQ(calls_of(calls, 0, 0, kOrders), 2U) << "what is known goes on counting";
    EXPECT_EQ(calls_of(calls, 0, 4, kOrders), 0U);
}

}  // namespace
}  // namespace footfall
