#include "symbolizer/functions/nearest_names.h"

#include <algorithm>
#include <cctype>

#include "agent/base/text.h"

namespace footfall {
namespace {

constexpr std::size_t kMostNearest = 3;

bool is_of_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':'; }

}  // namespace

void NearestNames::want(std::string name) {
    if (!name.empty()) wanted_.push_back(std::move(name));
}

void NearestNames::offer(std::string_view name, const std::string& shown) {
    for (const std::string& wanted : wanted_) {
        const std::size_t longer = std::max(name.size(), wanted.size());
        const std::size_t shorter = std::min(name.size(), wanted.size());
        if (name.find(wanted) != std::string_view::npos) {
            keep(longer - shorter, shown);
        } else if (longer - shorter <= wanted.size() / 3) {
            const std::size_t distance = edit_distance(wanted, name);
            if (distance <= wanted.size() / 3) keep(distance, shown);
        }
    }
}

void NearestNames::append_to(std::vector<std::string>& names) const {
    for (const auto& [distance, shown] : kept_) names.push_back(shown);
}

void NearestNames::keep(std::size_t distance, const std::string& shown) {
    kept_.emplace_back(distance, shown);
    std::sort(kept_.begin(), kept_.end());
    kept_.erase(std::unique(kept_.begin(), kept_.end()), kept_.end());
    if (kept_.size() > kMostNearest) kept_.pop_back();
}

std::string without_wildcards(std::string_view glob) {
    std::string plain(glob);
    std::erase_if(plain, [](char c) { return c == '*' || c == '?'; });
    return plain;
}

std::string longest_word(std::string_view regex) {
    std::string_view longest;
    for (std::size_t begin = 0; begin < regex.size();) {
        if (regex[begin] == '\\') {  // "\b", "\d": no letter of a name
            begin += 2;
            continue;
        }
        std::size_t end = begin;
        while (end < regex.size() && is_of_word(regex[end])) ++end;
        if (end - begin > longest.size()) longest = regex.substr(begin, end - begin);
        begin = std::max(end, begin + 1);
    }
    return std::string(longest);
}

std::string_view last_path_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace footfall
