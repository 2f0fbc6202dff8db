// Memory: a warm connection allocates nothing per exchange.
#include "tests/unit/postgresql/harness.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::postgresql {
namespace {

TEST(Allocation, AWarmConnectionAllocatesNothing) {
    SilentSink sink;
    PostgresqlReader reader({ConnectionId{1}, false, &sink});
    const Stamp stamp{{1}, Pid{1}, Tid{1}};
    reader.on_bytes(kIn, startup(), true, stamp);
    reader.on_bytes(kOut, greeting(), true, stamp);
    reader.on_bytes(kIn, parse("s", "SELECT * FROM a_schema_of_some_length.orders"), true, stamp);
    reader.on_bytes(kOut, kParsed, true, stamp);
    const std::string requests = query("SELECT a, b FROM another_schema.orders; UPDATE items SET a = 1") +
                                 parse("", "INSERT INTO a_longer_name_than_fits_into_a_string VALUES ($1)") +
                                 bind_portal("", "") + execute() + run("s");
    const std::string responses = selected() + completed("UPDATE 1") + ready() + kParsed + kBound + completed("INSERT 0 1") +
                                  kBound + selected() + ready();
    const auto exchange = [&] {
        reader.on_bytes(kIn, std::string_view(requests).substr(0, 20), true, stamp);  // a text in two pieces
        reader.on_bytes(kIn, std::string_view(requests).substr(20), true, stamp);
        reader.on_bytes(kOut, responses, true, stamp);
    };
    for (int i = 0; i < 10; ++i) exchange();
    const std::size_t before = allocations;
    for (int i = 0; i < 1000; ++i) exchange();
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(sink.used, 4 * 1010U);
}

TEST(Allocation, AReaderIsSmall) { EXPECT_LE(sizeof(PostgresqlReader), 1024U); }

}  // namespace
}  // namespace footfall::postgresql
