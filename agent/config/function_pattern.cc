#include "agent/config/function_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/text.h"
#include "symbolizer/functions/name_patterns.h"
#include "symbolizer/functions/usdt_probes.h"

namespace footfall {
namespace {

// The file and the rest of "[FILE!]REST".
struct FileAndRest {
    std::string_view file;
    std::string_view rest;
    bool has_file = false;
};

bool is_regex(std::string_view word) { return word.size() > 2 && word.front() == '/' && word.back() == '/'; }

FileAndRest split_word(std::string_view word) {
    const auto at_mark = [&](std::size_t at) { return FileAndRest{word.substr(0, at), word.substr(at + 1), true}; };
    // A path may stand in front of a regular expression, which itself may have any characters.
    for (const std::string_view rest : {"!/", "!@"}) {
        const std::size_t at = word.find(rest);
        const bool marked = at != std::string_view::npos && (rest == "!@" || is_regex(word.substr(at + 1)));
        if (marked && word.front() != '@') return at_mark(at);
    }
    if (is_regex(word) || word.starts_with('@')) return {{}, word};
    // Names have no '!' but in "operator!" and "operator!=", which stand behind a file's if there is one.
    const std::size_t at = word.find('!');
    if (at == std::string_view::npos || word.find("operator") < at) return {{}, word};
    return at_mark(at);
}

// What stands behind the file.
FunctionPattern pattern_of(std::string_view rest) {
    if (is_regex(rest)) return {{}, std::string(rest.substr(1, rest.size() - 2)), PickedBy::kRegex};
    if (rest.starts_with('@')) return {{}, std::string(rest.substr(1)), PickedBy::kSource};
    return {{}, std::string(rest)};
}

bool is_usdt_glob(std::string_view glob) {
    const auto parts = split(glob, ':');
    return parts.size() == 3 && std::none_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); });
}

}  // namespace

Result<std::vector<FunctionPattern>> parse_function_patterns(const std::vector<std::string>& words) {
    std::vector<FunctionPattern> patterns;
    for (const std::string& word : words) {
        const auto [file, rest, has_file] = split_word(word);
        FunctionPattern pattern = pattern_of(rest);
        pattern.file = file;
        if (pattern.glob.empty() || (has_file && file.empty())) {
            return failure("'" + word + "' is no pattern of functions",
                           "write GLOB, /REGEX/ or @SOURCE, with FILE! or PATH! in front or not: 'libc.so.6!mem*'",
                           ExitCode::kUsage);
        }
        if (const std::string why = pattern.by == PickedBy::kRegex ? why_no_regex(pattern.glob) : ""; !why.empty()) {
            return failure(fmt::format("'{}' is no regular expression: {}", word, why),
                           "write it as RE2 has them: '/^shop::(get|set)_/'", ExitCode::kUsage);
        }
        const bool is_glob = pattern.by == PickedBy::kGlob;
        if (is_glob && means_usdt(pattern.glob) && !is_usdt_glob(pattern.glob)) {
            return failure("'" + word + "' is no pattern of USDT probes",
                           "write usdt:PROVIDER:NAME, each a glob: 'usdt:python:*'", ExitCode::kUsage);
        }
        patterns.push_back(std::move(pattern));
    }
    if (patterns.empty()) patterns.push_back({{}, "*"});
    return patterns;
}

}  // namespace footfall
