// Memory: a warm connection allocates nothing per exchange.
#include "agent/protocols/cassandra/cassandra_reader.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::cassandra {
namespace {

TEST(CassandraAllocation, AWarmConnectionAllocatesNothing) {
    for (const std::string name : {"v3_statements", "v4_statements"})
        expect_no_allocations<CassandraReader>("cassandra/" + name);
}

}  // namespace
}  // namespace footfall::cassandra
