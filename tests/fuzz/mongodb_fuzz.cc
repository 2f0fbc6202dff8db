// MongoDB as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/mongodb/mongodb_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::mongodb {
namespace {

class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        if (exchange.target.size() > kTargetLimit || exchange.target.find_first_of("0123456789") != std::string_view::npos) {
            std::abort();
        }
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
