// Memory: a warm connection allocates nothing per exchange.
#include "agent/protocols/fastcgi/fastcgi_reader.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::fastcgi {
namespace {

TEST(FastcgiAllocation, AWarmConnectionAllocatesNothing) { expect_no_allocations<FastcgiReader>("fastcgi/kept"); }

}  // namespace
}  // namespace footfall::fastcgi
