// MySQL as connection_life.h feeds it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/protocols/mysql/mysql_reader.h"
#include "tests/fuzz/connection_life.h"

namespace footfall::mysql {
namespace {

// Names are short, and hold no byte that a terminal would obey.
class BoundedNames final : public CheckingSink {
public:
    void on_exchange(const Exchange& exchange) override {
        CheckingSink::on_exchange(exchange);
        if (exchange.method.empty() || exchange.method.size() > 32 || exchange.target.size() > 256) std::abort();
        for (const char c : exchange.target) {
            if (static_cast<std::uint8_t>(c) < ' ') std::abort();
        }
    }
};

}  // namespace
}  // namespace footfall::mysql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using footfall::mysql::BoundedNames;
    using footfall::mysql::MysqlReader;
    footfall::ConnectionLife<MysqlReader, BoundedNames>({reinterpret_cast<const char*>(data), size}).run();
    return 0;
}
