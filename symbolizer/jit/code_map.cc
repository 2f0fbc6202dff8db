#include "symbolizer/jit/code_map.h"

#include <iterator>
#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kNodeBytes = 112;  // of the map, without a name that needs memory of its own
constexpr std::size_t kShortName = 15;
constexpr std::size_t kMaxName = 1024;

}  // namespace

std::size_t CodeMap::cost_of(const Range& range) {
    return kNodeBytes + (range.name.size() > kShortName ? range.name.size() + 1 : 0);
}

bool CodeMap::add(std::uint64_t start, std::uint64_t size, std::string_view name) {
    if (size == 0 || start + size < start) return true;
    Range range{start + size, start, std::string(name.substr(0, kMaxName))};
    make_room(start, range.end);
    if (bytes_ + cost_of(range) > max_bytes_) {
        full_ = true;
        return false;
    }
    insert(start, std::move(range));
    return true;
}

bool CodeMap::move(std::uint64_t from, std::uint64_t to) {
    const auto at = ranges_.find(from);
    if (at == ranges_.end() || at->second.function_start != from) return false;
    const std::uint64_t size = at->second.end - from;
    const std::string name = at->second.name;
    erase(at);
    return add(to, size, name);
}

void CodeMap::clear() {
    ranges_.clear();
    bytes_ = 0;
    full_ = false;
}

tl::expected<JitFunction, Miss> CodeMap::find(std::uint64_t address) const {
    const auto after = ranges_.upper_bound(address);
    if (after != ranges_.begin()) {
        const Range& range = std::prev(after)->second;
        if (address < range.end) return JitFunction{range.name, address - range.function_start};
    }
    if (full_) return tl::unexpected(Miss::kTooLarge);
    return tl::unexpected(ranges_.empty() ? Miss::kNoMap : Miss::kOutsideOfSymbols);
}

void CodeMap::insert(std::uint64_t start, Range range) {
    bytes_ += cost_of(range);
    ranges_.insert_or_assign(start, std::move(range));
}

// The end of a function whose middle was overwritten; in a full map it goes, so that holes can't fill memory.
void CodeMap::keep_rest(std::uint64_t start, const Range& of) {
    if (bytes_ + cost_of(of) > max_bytes_) {
        full_ = true;
    } else {
        insert(start, {of.end, of.function_start, of.name});
    }
}

CodeMap::Ranges::iterator CodeMap::erase(Ranges::iterator at) {
    bytes_ -= cost_of(at->second);
    return ranges_.erase(at);
}

// Cuts [start, end) out of what is there; of a function that it lies within, both ends stay.
void CodeMap::make_room(std::uint64_t start, std::uint64_t end) {
    auto at = ranges_.lower_bound(start);
    if (at != ranges_.begin()) {
        Range& before = std::prev(at)->second;
        if (before.end > end) keep_rest(end, before);
        if (before.end > start) before.end = start;
    }
    while (at != ranges_.end() && at->first < end) {
        if (at->second.end > end) keep_rest(end, at->second);
        at = erase(at);
    }
}

}  // namespace footfall
