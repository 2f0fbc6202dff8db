#include "output/http/accept.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace footfall {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

// Takes what is before the next separator outside of quotes off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != separator); ++end) {
        if (rest[end] == '"') quoted = !quoted;
    }
    const std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    return trimmed(taken);
}

std::string_view unquoted(std::string_view text) {
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    return quoted ? text.substr(1, text.size() - 2) : text;
}

std::optional<double> parse_weight(std::string_view text) {
    double weight = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !(weight >= 0 && weight <= 1)) return std::nullopt;
    return weight;
}

std::optional<AcceptedItem> parse_item(std::string_view text) {
    AcceptedItem item{.value = lower_case(take_until(text, ';')), .parameters = {}};
    if (item.value.empty()) return std::nullopt;
    while (!text.empty()) {
        std::string_view value = take_until(text, ';');
        const std::string name = lower_case(take_until(value, '='));
        if (name != "q") {
            item.parameters.emplace_back(name, unquoted(trimmed(value)));
            continue;
        }
        const auto weight = parse_weight(trimmed(value));
        if (!weight) return std::nullopt;
        item.weight = *weight;
    }
    return item;
}

}  // namespace

std::string_view AcceptedItem::parameter(std::string_view name) const {
    const auto found =
        std::find_if(parameters.begin(), parameters.end(), [&](const auto& pair) { return pair.first == name; });
    return found == parameters.end() ? std::string_view{} : std::string_view(found->second);
}

std::vector<AcceptedItem> parse_accept(std::string_view header) {
    std::vector<AcceptedItem> items;
    while (!header.empty()) {
        if (auto item = parse_item(take_until(header, ','))) items.push_back(std::move(*item));
    }
    std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.weight > b.weight; });
    return items;
}

bool accepts_gzip(std::string_view header) {
    const std::vector<AcceptedItem> items = parse_accept(header);
    for (const std::string_view name : {"gzip", "*"}) {
        const auto found = std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.value == name; });
        if (found != items.end()) return found->weight > 0;
    }
    return false;
}

}  // namespace footfall
