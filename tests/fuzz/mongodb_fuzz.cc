// MongoDB as connection_life.h feeds it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/protocols/mongodb/mongodb_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::mongodb {
namespace {

bool has_number(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto both = [&is_digit](char a, char b) { return is_digit(a) && is_digit(b); };
    return std::adjacent_find(text.begin(), text.end(), both) != text.end();
}

class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        if (exchange.target.size() > kTargetLimit || has_number(exchange.target)) std::abort();
    }
};

}  // namespace
}  // namespace footfall::mongodb

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::mongodb::BoundedNames;
    using footfall::mongodb::MongodbReader;
    footfall::ConnectionLife<MongodbReader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
