#include "agent/protocols/http1/open_exchanges.h"

#include <utility>

namespace footfall::http1 {
namespace {

constexpr std::size_t kKeptNameCapacity = 512;  // a longer name's buffer is given back

}  // namespace

void OpenExchange::name(std::string_view method_text, std::string_view target_text) {
    method_length = static_cast<std::uint8_t>(method_text.size());
    text.assign(method_text);
    text.append(target_text.substr(0, kTargetLimit));
    target_length = static_cast<std::uint16_t>(text.size() - method_length);
}

void recycle(OpenExchange& exchange) {
    std::string text = std::move(exchange.text);
    text.clear();
    if (text.capacity() > kKeptNameCapacity) text.shrink_to_fit();
    exchange = OpenExchange{};
    exchange.text = std::move(text);
}

}  // namespace footfall::http1
