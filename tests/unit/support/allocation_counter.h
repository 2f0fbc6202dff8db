// Counts what a test program allocates, for the promise that a warm connection allocates nothing per exchange. All of the
// program goes through these operators, so one of its files includes them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

#include "agent/protocols/protocol.h"
#include "tests/fuzz/recorded_connection.h"

namespace footfall {

inline std::size_t allocations = 0;

// Keeps nothing, and so allocates nothing.
class SilentSink final : public ExchangeSink {
public:
    void on_exchange(const Exchange& exchange) override { used += exchange.count; }
    void on_lost(LostReason) override {}
    std::size_t used = 0;
};

// Of a recorded connection, "mysql/text", what follows its first messages (a login) is said again and again.
template <typename Reader>
void expect_no_allocations(const std::string& recording, std::ptrdiff_t first_messages = 0) {
    const auto messages = recorded_messages(FOOTFALL_RECORDED_CONNECTIONS + recording);
    SilentSink sink;
    Reader reader({ConnectionId{1}, false, &sink});
    std::uint64_t now = 0;
    const auto move = [&](const RecordedMessage& message) {
        reader.on_bytes(message.direction, message.bytes, true, {{++now}, Pid{1}, Tid{1}});
    };
    const auto exchanges = messages.begin() + first_messages;
    std::for_each(messages.begin(), exchanges, move);
    for (int i = 0; i < 10; ++i) std::for_each(exchanges, messages.end(), move);
    const std::size_t before = allocations;
    const std::size_t used = sink.used;
    for (int i = 0; i < 100; ++i) std::for_each(exchanges, messages.end(), move);
    EXPECT_EQ(allocations, before) << recording;
    EXPECT_GE(sink.used, 10 * used) << recording;
}

}  // namespace footfall

void* operator new(std::size_t size) {
    ++footfall::allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
