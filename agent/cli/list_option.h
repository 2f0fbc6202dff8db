// An option that may be given several times, and takes several values with commas between them: -p 1,2 -p 3.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/text.h"

namespace footfall {

// The value that a word stands for. Throws what CLI11 takes for a usage error of that option.
template <typename Value>
Value value_of(const std::string& option, std::string_view word) {
    Value value{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error == std::errc{} && end == word.data() + word.size()) return value;
    throw CLI::ValidationError(option, "'" + std::string(word) + "' is not a number that it takes");
}

template <>
inline std::string value_of(const std::string& /*option*/, std::string_view word) {
    return std::string(word);
}

// An empty word is a slip, of the pen or of a variable in a script, which must not quietly mean fewer targets.
template <typename Value>
std::vector<Value> values_of(const std::string& option, const std::vector<std::string>& given) {
    std::vector<Value> values;
    for (const std::string& text : given) {
        for (const std::string_view word : split(text, ',')) {
            if (word.empty()) throw CLI::ValidationError(option, "'" + text + "' lacks a value beside a comma, or at all");
            values.push_back(value_of<Value>(option, word));
        }
    }
    return values;
}

// names: "-p,--pid". What is wrong is said of the last one. into lives as long as the parsing.
template <typename Value>
CLI::Option* add_list_option(CLI::App& command, const std::string& names, std::vector<Value>& into,
                             const std::string& help) {
    const std::string option = names.substr(names.rfind(',') + 1);
    return command
        .add_option_function<std::vector<std::string>>(
            names, [&into, option](const std::vector<std::string>& given) { into = values_of<Value>(option, given); }, help)
        ->allow_extra_args(false);
}

}  // namespace footfall
