// Keeps those names that are most like what was asked for and not found. Plain values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace footfall {

class NearestNames {
public:
    // What was asked for, without what stands for anything; empty: nothing is like it.
    void want(std::string name);
    // name: what is compared. shown: what is kept.
    void offer(std::string_view name, const std::string& shown);
    // The nearest first.
    void append_to(std::vector<std::string>& names) const;

private:
    void keep(std::size_t distance, const std::string& shown);

    std::vector<std::string> wanted_;
    std::vector<std::pair<std::size_t, std::string>> kept_;
};

// Of a glob.
std::string without_wildcards(std::string_view glob);
// The longest run of letters, digits, '_' and ':' in a regular expression.
std::string longest_word(std::string_view regex);
// Of a path.
std::string_view last_path_part(std::string_view path);

}  // namespace footfall
