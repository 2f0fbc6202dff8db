// Memory: a warm connection allocates nothing per exchange. Every allocation of this test program goes through the counter.
#include <algorithm>
#include <cstdlib>
#include <new>

#include "tests/unit/mysql/wire.h"
#include "tests/unit/support/seed_player.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace footfall::mysql {
namespace {

class SilentSink final : public ExchangeSink {
public:
    void on_exchange(const Exchange&) override { ++used; }
    void on_lost(LostReason) override {}
    std::size_t used = 0;
};

// Queries, several at once, statements that are prepared, executed and closed: a recorded client's, behind its login.
TEST(MysqlAllocation, AWarmConnectionAllocatesNothing) {
    for (const std::string name : {"text", "multi", "prepared"}) {
        const auto messages = recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "mysql/" + name);
        SilentSink sink;
        MysqlReader reader({ConnectionId{1}, false, &sink});
        std::uint64_t now = 0;
        const auto move = [&](const RecordedMessage& message) {
            reader.on_bytes(message.direction, message.bytes, true, {{++now}, Pid{1}, Tid{1}});
        };
        const auto commands = messages.begin() + 3;
        std::for_each(messages.begin(), commands, move);
        for (int i = 0; i < 10; ++i) std::for_each(commands, messages.end(), move);
        const std::size_t before = allocations;
        const std::size_t used = sink.used;
        for (int i = 0; i < 100; ++i) std::for_each(commands, messages.end(), move);
        EXPECT_EQ(allocations, before) << name;
        EXPECT_EQ(sink.used, 11 * used) << name;
    }
}

TEST(MysqlAllocation, AReaderIsSmall) { EXPECT_LE(sizeof(MysqlReader) + sizeof(OpenRequest), 1024U); }

}  // namespace
}  // namespace footfall::mysql
