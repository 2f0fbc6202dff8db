#include "agent/inventory/route_template.h"

#include <algorithm>

#include "agent/usage/route_segment.h"

namespace footfall {
namespace {

constexpr std::string_view kAnyRest = "{path...}";

// Where the segment ends: at a slash that is in no braces. npos: it has braces that don't match.
std::size_t end_of_segment(std::string_view path) {
    int depth = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '{') ++depth;
        if (path[i] == '}' && --depth < 0) return std::string_view::npos;
        if (path[i] == '/' && depth == 0) return i;
    }
    return depth == 0 ? path.size() : std::string_view::npos;
}

std::string_view without_query(std::string_view path) {
    int depth = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '{') ++depth;
        if (path[i] == '}') --depth;
        if (depth == 0 && (path[i] == '?' || path[i] == '#')) return path.substr(0, i);
    }
    return path;
}

bool means_rest(std::string_view placeholder) {
    return placeholder.ends_with('+') || placeholder.ends_with('*') || placeholder.ends_with("...");
}

// "{id:[0-9]{4}}" → "{id}"; the text around it stays.
void append_placeholders(std::string& out, std::string_view segment) {
    int depth = 0;
    bool in_pattern = false;
    for (const char c : segment) {
        if (c == '}' && --depth == 0) in_pattern = false;
        in_pattern = in_pattern || (depth == 1 && (c == ':' || c == '='));
        if (!in_pattern && !(depth >= 1 && c == '{')) out += c;
        if (c == '{') ++depth;
    }
}

bool is_any_rest(std::string_view segment) {
    if (segment == "**") return true;
    const bool whole = segment.starts_with('{') && segment.ends_with('}');
    return whole && means_rest(segment.substr(1, segment.size() - 2));
}

void append_named(std::string& out, std::string_view segment) {
    if (segment == "*") {
        out += "{any}";
    } else if (is_any_rest(segment)) {
        out += kAnyRest;
    } else if (segment.find('{') == std::string_view::npos) {
        append_segment(out, segment);
    } else {
        append_placeholders(out, segment);
    }
}

}  // namespace

Result<std::string> named_template(std::string_view path) {
    if (!path.starts_with('/')) return failure("a path begins with /", {}, ExitCode::kBadConfig);
    path = without_query(path);
    std::string named;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = end_of_segment(path);
        if (end == std::string_view::npos) return failure("its braces don't match", {}, ExitCode::kBadConfig);
        const std::string_view segment = path.substr(0, end);
        path.remove_prefix(end);
        named += '/';
        append_named(named, segment);
    }
    return named;
}

}  // namespace footfall
