#include "agent/protocols/http1/open_exchanges.h"

#include <algorithm>
#include <utility>

namespace footfall::http1 {
namespace {

constexpr std::size_t kKeptNameCapacity = 512;  // a longer name's buffer is given back

}  // namespace

void OpenExchange::name(std::string_view method_text, std::string_view target_text) {
    method_length = static_cast<std::uint8_t>(method_text.size());
    text.assign(method_text);
    text.append(target_text.substr(0, kTargetLimit));
}

OpenExchange& OpenExchanges::push() {
    if (size_ == slots_.size()) grow();
    ++size_;
    return back();
}

void OpenExchanges::pop() {
    OpenExchange& slot = front();
    std::string text = std::move(slot.text);
    text.clear();
    if (text.capacity() > kKeptNameCapacity) text.shrink_to_fit();
    slot = OpenExchange{};
    slot.text = std::move(text);
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
    if (size_ == 0 && slots_.size() > kKept) {
        slots_ = {};
        first_ = 0;
    }
}

void OpenExchanges::grow() {
    std::vector<OpenExchange> larger(std::max(kInitial, slots_.size() * 2));
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(slots_[(first_ + i) & (slots_.size() - 1)]);
    slots_ = std::move(larger);
    first_ = 0;
}

}  // namespace footfall::http1
