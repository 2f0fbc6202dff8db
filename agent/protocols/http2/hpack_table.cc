#include "agent/protocols/http2/hpack_table.h"

#include <algorithm>

namespace footfall::http2 {
namespace {

constexpr std::size_t kFirstEntries = 8;
constexpr std::size_t kKeptEntries = 64;  // a larger ring, or …
constexpr std::size_t kKeptText = 1024;   // … text, is given back with the connection

}  // namespace

void HpackTable::insert(Field field, const FieldValue& value) {
    const std::size_t cost = kEntryCost + value.text.size();
    if (cost > limit_) return forget();
    while (bytes_ + cost > limit_) drop_oldest();
    if (count_ == entries_.size()) grow();
    reclaim_text();
    entries_[next_++ & (entries_.size() - 1)] = {field, value.number, static_cast<std::uint16_t>(value.text.size()),
                                                 static_cast<std::uint32_t>(text_.size())};
    text_.append(value.text);
    ++count_;
    bytes_ += cost;
}

void HpackTable::resize(std::size_t size) {
    limit_ = std::min(size, kMost);
    while (bytes_ > limit_) drop_oldest();
}

void HpackTable::forget() {
    text_.clear();
    next_ = count_ = bytes_ = 0;
}

void HpackTable::reset() {
    forget();
    limit_ = kDefaultLimit;
    if (entries_.size() > kKeptEntries) entries_ = {};
    if (text_.capacity() > kKeptText) text_ = {};
}

void HpackTable::drop_oldest() {
    bytes_ -= kEntryCost + find(count_)->length;
    --count_;
}

void HpackTable::grow() {
    std::vector<Entry> larger(std::max(kFirstEntries, entries_.size() * 2));
    for (std::size_t i = 0; i < count_; ++i) larger[i] = *find(count_ - i);
    entries_ = std::move(larger);
    next_ = count_;
}

// What was dropped is moved away when it is most of the text, so that each byte is moved about once.
void HpackTable::reclaim_text() {
    const std::size_t kept = bytes_ - kEntryCost * count_;
    if (text_.size() < 2 * kept + kKeptText) return;
    const std::size_t dropped = text_.size() - kept;
    text_.erase(0, dropped);
    for (std::size_t i = 1; i <= count_; ++i) {
        entries_[(next_ - i) & (entries_.size() - 1)].offset -= static_cast<std::uint32_t>(dropped);
    }
}

}  // namespace footfall::http2
