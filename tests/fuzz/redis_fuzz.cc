// RESP as connection_life.h feeds it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/redis/redis_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::redis {
namespace {

// Names and errors are of the lists that they are taken from.
class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        const bool known = exchange.method == "_OTHER" || named(exchange.method) != kOtherCommand;
        const auto is_lower = [](char byte) { return byte >= 'a' && byte <= 'z'; };
        const bool lower = std::all_of(exchange.error_type.begin(), exchange.error_type.end(), is_lower);
        const bool upper = std::none_of(exchange.error_type.begin(), exchange.error_type.end(), is_lower);
        if (!known || !exchange.target.empty() || exchange.error_type.size() > PendingCommand::kErrorLimit ||
            !(lower || upper))
            std::abort();
    }
};

}  // namespace
}  // namespace footfall::redis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::redis::BoundedNames;
    using footfall::redis::RedisReader;
    footfall::ConnectionLife<RedisReader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
