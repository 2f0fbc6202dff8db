#include "symbolizer/names/rust_method.h"

#include <algorithm>
#include <vector>

namespace footfall {
namespace {

std::vector<std::string> encoded_segments(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find("::"), path.size());
        segments.push_back(std::to_string(end).append(path.substr(0, end)));
        path.remove_prefix(std::min(end + 2, path.size()));
    }
    return segments;
}

std::string joined(const std::vector<std::string>& segments, std::size_t from, std::size_t to) {
    std::string text;
    for (std::size_t i = from; i < to && i < segments.size(); ++i) text += segments[i];
    return text;
}

std::string_view without_suffix(std::string_view symbol) { return symbol.substr(0, symbol.find('.')); }

bool is_hash(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

RustMethod::RustMethod(std::string_view path) {
    const std::vector<std::string> segments = encoded_segments(path);
    const std::size_t type = segments.size() < 2 ? 0 : segments.size() - 2;
    needle_ = segments.empty() ? std::string() : segments.back();
    legacy_ = "_ZN" + joined(segments, 0, segments.size());
    module_ = "_" + joined(segments, 0, type) + "NtB";
    v0_end_ = "_" + joined(segments, type, segments.size());
}

bool RustMethod::is(std::string_view symbol) const {
    const std::string_view name = without_suffix(symbol);
    return is_legacy(name) || is_v0(name);
}

bool RustMethod::is_legacy(std::string_view symbol) const {
    constexpr std::string_view kHashBegin = "17h";
    constexpr std::size_t kHashDigits = 16;
    if (!symbol.starts_with(legacy_)) return false;
    symbol.remove_prefix(legacy_.size());
    return symbol.size() == kHashBegin.size() + kHashDigits + 1 && symbol.starts_with(kHashBegin) && symbol.back() == 'E' &&
           is_hash(symbol.substr(kHashBegin.size(), kHashDigits));
}

// _RNvM: a method of a type; its implementation's place comes before the type's.
bool RustMethod::is_v0(std::string_view symbol) const {
    return symbol.starts_with("_RNvM") && symbol.ends_with(v0_end_) && symbol.find(module_) != std::string_view::npos;
}

}  // namespace footfall
