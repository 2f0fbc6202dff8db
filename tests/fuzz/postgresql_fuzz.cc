// PostgreSQL as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>

#include "agent/protocols/postgresql/postgresql_reader.h"
#include "tests/fuzz/connection_life.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::CheckingSink;
    using footfall::postgresql::PostgresqlReader;
    footfall::ConnectionLife<PostgresqlReader, CheckingSink>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
