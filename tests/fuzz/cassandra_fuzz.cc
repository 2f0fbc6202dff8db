// Cassandra as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>

#include "agent/protocols/cassandra/cassandra_reader.h"
#include "tests/fuzz/connection_life.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::CheckingSink;
    using footfall::cassandra::CassandraReader;
    footfall::ConnectionLife<CassandraReader, CheckingSink>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
