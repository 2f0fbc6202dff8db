// HTTP/1 as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/http1/http1_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::http1 {
namespace {

class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        const bool named = exchange.kind == Kind::kGrpc || !exchange.method.empty();
        if (exchange.method.size() > kMethodLimit || !named || exchange.target.empty() ||
            exchange.target.size() > kTargetLimit) {
            std::abort();
        }
    }
};

}  // namespace
}  // namespace footfall::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::http1::BoundedNames;
    using footfall::http1::Http1Reader;
    footfall::ConnectionLife<Http1Reader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
