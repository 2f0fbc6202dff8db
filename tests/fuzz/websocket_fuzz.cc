// A late WebSocket connection as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/websocket/late_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::websocket {
namespace {

// Nothing of the bytes becomes a name.
class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        if ((exchange.method != "send" && exchange.method != "receive") || exchange.target != kUnknownTarget) std::abort();
    }
};

}  // namespace
}  // namespace footfall::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::websocket::BoundedNames;
    using footfall::websocket::LateReader;
    footfall::ConnectionLife<LateReader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
