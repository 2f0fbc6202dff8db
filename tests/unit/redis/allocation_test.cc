// Memory: a warm connection allocates nothing per exchange.
#include "agent/protocols/redis/redis_reader.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::redis {
namespace {

TEST(RedisAllocation, AWarmConnectionAllocatesNothing) {
    for (const std::string name : {"commands", "commands-2", "inline", "benchmark", "resp3"})
        expect_no_allocations<RedisReader>("redis/" + name);
}

}  // namespace
}  // namespace footfall::redis
