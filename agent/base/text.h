// Small text helpers that several rooms share: splitting, globs, the nearest known name, and numbers as people read them.
// Pure functions; results are views into the arguments unless they are strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
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

// How many single-character insertions, deletions, replacements and swaps of neighbours turn a into b.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that a mistyped word most likely stands for; empty where none is close (more than a third of the word
// wrong).
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "850 ns", "12.3 µs", "4.56 ms", "1.23 s", "2m 5s", "3h 4m": three digits that matter.
[[nodiscard]] std::string format_duration(std::uint64_t nanoseconds);

// "512 B", "8.00 MiB"
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

// "1,234,567"
[[nodiscard]] std::string format_count(std::uint64_t count);

}  // namespace footfall
