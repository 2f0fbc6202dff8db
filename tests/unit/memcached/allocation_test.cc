// Memory: a warm connection allocates nothing per exchange.
#include "agent/protocols/memcached/memcached_reader.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::memcached {
namespace {

TEST(MemcachedAllocation, AWarmConnectionAllocatesNothing) {
    for (const std::string name : {"text", "meta", "binary"}) expect_no_allocations<MemcachedReader>("memcached/" + name);
}

}  // namespace
}  // namespace footfall::memcached
