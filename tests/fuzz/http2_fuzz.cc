// HTTP/2 as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/http2/http2_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::http2 {
namespace {

class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        if (exchange.method.size() > kMethodLimit || exchange.target.size() > kTargetLimit) std::abort();
        if (exchange.kind == Kind::kGrpc && !exchange.method.empty()) std::abort();
    }
};

}  // namespace
}  // namespace footfall::http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::http2::BoundedNames;
    using footfall::http2::Http2Reader;
    footfall::ConnectionLife<Http2Reader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
