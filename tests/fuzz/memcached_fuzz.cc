// memcached as connection_life.h feeds it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/memcached/memcached_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::memcached {
namespace {

// Names and errors are of the lists that they are taken from.
class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        const auto is_usual = [](char byte) { return (byte >= 'a' && byte <= 'z') || byte == '_'; };
        const bool named = std::all_of(exchange.method.begin(), exchange.method.end(), is_usual);
        if (!(named || exchange.method == "_OTHER") || exchange.method.size() > 16 || !exchange.target.empty() ||
            exchange.error_type.size() > PendingCommand::kErrorLimit) {
            std::abort();
        }
    }
};

}  // namespace
}  // namespace footfall::memcached

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::memcached::BoundedNames;
    using footfall::memcached::MemcachedReader;
    footfall::ConnectionLife<MemcachedReader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
