#include "symbolizer/functions/name_patterns.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "agent/base/text.h"

namespace footfall {
namespace {

constexpr std::int64_t kMostRegexMemory = std::int64_t{16} << 20;  // bytes

std::unique_ptr<re2::RE2> compiled(const std::string& text) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMostRegexMemory);
    return std::make_unique<re2::RE2>(text, options);
}

bool finds(const re2::RE2& regex, std::string_view text) {
    return regex.ok() && re2::RE2::PartialMatch({text.data(), text.size()}, regex);
}

}  // namespace

NamePatterns::NamePatterns(std::vector<std::string> globs, const std::vector<std::string>& regexes)
    : globs_(std::move(globs)) {
    for (const std::string& regex : regexes) regexes_.push_back(compiled(regex));
}

NamePatterns::NamePatterns(NamePatterns&&) noexcept = default;
NamePatterns& NamePatterns::operator=(NamePatterns&&) noexcept = default;
NamePatterns::~NamePatterns() = default;

bool NamePatterns::match(std::string_view name) const {
    const std::string_view plain = without_parameters(name);
    return std::any_of(globs_.begin(), globs_.end(),
                       [&](const std::string& glob) { return glob_match(glob, name) || glob_match(glob, plain); }) ||
           std::any_of(regexes_.begin(), regexes_.end(),
                       [&](const auto& regex) { return finds(*regex, name) || finds(*regex, plain); });
}

std::string why_no_regex(const std::string& text) {
    const auto regex = compiled(text);
    return regex->ok() ? std::string() : regex->error();
}

bool matches_source(std::string_view glob, std::string_view path) {
    return glob_match(glob, path) || glob_match("*/" + std::string(glob), path);
}

}  // namespace footfall
