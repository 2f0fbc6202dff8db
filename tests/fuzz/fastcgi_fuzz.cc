// FastCGI as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/fastcgi/fastcgi_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::fastcgi {
namespace {

class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        if (exchange.method.size() > kMethodLimit || exchange.method.empty() || exchange.target.empty() ||
            exchange.target.size() > kTargetLimit) {
            std::abort();
        }
    }
};

}  // namespace
}  // namespace footfall::fastcgi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::fastcgi::BoundedNames;
    using footfall::fastcgi::FastcgiReader;
    footfall::ConnectionLife<FastcgiReader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
