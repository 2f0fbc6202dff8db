#include "agent/config/function_pattern.h"

#include <algorithm>

#include "agent/base/text.h"
#include "symbolizer/functions/usdt_probes.h"

namespace footfall {
namespace {

bool is_usdt_glob(std::string_view glob) {
    const auto parts = split(glob, ':');
    return parts.size() == 3 && std::none_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); });
}

}  // namespace

Result<std::vector<FunctionPattern>> parse_function_patterns(const std::vector<std::string>& words) {
    std::vector<FunctionPattern> patterns;
    for (const std::string& word : words) {
        // Names have no '!' but in "operator!" and "operator!=", which stand behind a file's if there is one.
        const std::size_t at = word.find('!');
        const bool has_file = at != std::string::npos && word.find("operator") > at;
        FunctionPattern pattern;
        if (has_file) pattern.file = word.substr(0, at);
        pattern.glob = has_file ? word.substr(at + 1) : word;
        if (pattern.glob.empty() || (has_file && pattern.file.empty())) {
            return failure("'" + word + "' is no pattern of functions",
                           "write GLOB, FILE!GLOB or PATH!GLOB: 'libc.so.6!mem*'", ExitCode::kUsage);
        }
        if (means_usdt(pattern.glob) && !is_usdt_glob(pattern.glob)) {
            return failure("'" + word + "' is no pattern of USDT probes",
                           "write usdt:PROVIDER:NAME, each a glob: 'usdt:python:*'", ExitCode::kUsage);
        }
        patterns.push_back(std::move(pattern));
    }
    if (patterns.empty()) patterns.push_back({{}, "*"});
    return patterns;
}

}  // namespace footfall
