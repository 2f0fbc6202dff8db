// Memory: a warm connection allocates nothing per exchange.
#include "tests/unit/mysql/wire.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::mysql {
namespace {

// Queries, several at once, statements that are prepared, executed and closed: a recorded client's, behind its login.
TEST(MysqlAllocation, AWarmConnectionAllocatesNothing) {
    constexpr std::ptrdiff_t kLogin = 3;
    for (const std::string name : {"text", "multi", "prepared"}) expect_no_allocations<MysqlReader>("mysql/" + name, kLogin);
}

TEST(MysqlAllocation, AReaderIsSmall) { EXPECT_LE(sizeof(MysqlReader) + sizeof(OpenRequest), 1024U); }

}  // namespace
}  // namespace footfall::mysql
