// Memory: a warm connection allocates nothing per exchange.
#include "agent/protocols/mongodb/mongodb_reader.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::mongodb {
namespace {

TEST(MongodbAllocation, AWarmConnectionAllocatesNothing) {
    for (const std::string name : {"commands", "batches", "hello", "unacknowledged"})
        expect_no_allocations<MongodbReader>("mongodb/" + name);
}

}  // namespace
}  // namespace footfall::mongodb
