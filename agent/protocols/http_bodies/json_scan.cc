#include "agent/protocols/http_bodies/json_scan.h"

namespace footfall {

bool JsonScan::next(Member& member) {
    if (!inside_) {
        skip_space();
        if (!take('{')) return false;
        inside_ = true;
    }
    skip_space();
    take(',');
    skip_space();
    if (take('}')) return inside_ = false;
    member = {};
    if (!take_string(member.key)) return inside_ = false;
    skip_space();
    if (!take(':')) return inside_ = false;
    skip_space();
    member.whole = !rest_.empty() && (rest_.front() == '"' ? take_string(member.text) : skip_value());
    return true;
}

void JsonScan::skip_space() {
    const std::size_t end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
}

bool JsonScan::take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
}

// Whether its end was there; without it, out is what there is.
bool JsonScan::take_string(std::string_view& out) {
    if (!take('"')) return false;
    for (std::size_t at = 0; at < rest_.size(); ++at) {
        if (rest_[at] == '\\') {
            ++at;
        } else if (rest_[at] == '"') {
            out = rest_.substr(0, at);
            rest_.remove_prefix(at + 1);
            return true;
        }
    }
    out = rest_;
    rest_ = {};
    return false;
}

// A number, a word, an object or an array: to the comma or bracket that ends it.
bool JsonScan::skip_value() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
        const char c = rest_.front();
        if (c == '"') {
            std::string_view ignored;
            if (!take_string(ignored)) return false;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) return true;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        rest_.remove_prefix(1);
    }
    return false;
}

}  // namespace footfall
