// Small text helpers that several rooms share: splitting, globs, names of functions, and the nearest known name.
// Pure functions; results are views into the arguments.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace footfall {

// The pieces between separators; as many as there are separators plus one, empty ones included.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// Without the spaces and tabs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// Whole-text match: * stands for any run of characters, ? for one. Everything else is literal. Time is at most
// pattern length × text length, whatever the pattern.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);

// A demangled function's name without its parameters, and what follows them: "shop::order" of "shop::order(int) const".
[[nodiscard]] std::string_view without_parameters(std::string_view name);

// How many single-character insertions, deletions, replacements and swaps of neighbours turn a into b.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that a mistyped word most likely stands for; empty where none is close (more than a third of the word
// wrong).
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace footfall
