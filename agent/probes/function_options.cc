#include "agent/probes/function_options.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/base/text.h"
#include "agent/probes/mapped_files.h"

namespace footfall {
namespace {

bool means_file(const FunctionPattern& pattern, std::string_view path, bool is_program) {
    if (pattern.file.empty()) return is_program;
    return pattern.is_path() ? pattern.file == path : glob_match(pattern.file, file_name_of(path));
}

// A string of Go is two.
unsigned arguments_of(const CallsBy& by) {
    if (by.what != FunctionBy::kArgument) return 0;
    return by.argument.place + (by.argument.type == ArgumentType::kString ? 1 : 0);
}

std::vector<std::string>& patterns_of(FunctionQuery& query, PickedBy by) {
    switch (by) {
        case PickedBy::kGlob:
            return query.globs;
        case PickedBy::kRegex:
            return query.regexes;
        case PickedBy::kSource:
            return query.sources;
    }
    __builtin_unreachable();
}

}  // namespace

bool FunctionOptions::names_libraries() const {
    return std::any_of(patterns.begin(), patterns.end(),
                       [](const FunctionPattern& pattern) { return !pattern.file.empty() && !pattern.is_path(); });
}

std::optional<FunctionQuery> query_for(const FunctionOptions& options, std::string_view path, bool is_program) {
    FunctionQuery query{.globs = {},
                        .most = options.most,
                        .timed = options.timed,
                        .by_caller = options.by.what == FunctionBy::kCaller,
                        .arguments = arguments_of(options.by),
                        .argument = options.by.what == FunctionBy::kArgument ? options.by.argument.place : 0};
    bool is_meant = false;
    for (const FunctionPattern& pattern : options.patterns) {
        if (!means_file(pattern, path, is_program)) continue;
        is_meant = true;
        patterns_of(query, pattern.by).push_back(pattern.glob);
    }
    return is_meant ? std::optional(std::move(query)) : std::nullopt;
}

}  // namespace footfall
