// What functions are picked by: their demangled names, by globs and regular expressions.
//
// Regular expressions are RE2's, which take time and memory in proportion to the name, whatever name a hostile file has.
// Thread: any, once made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace footfall {

class NamePatterns {
public:
    // A regular expression that is none matches nothing.
    NamePatterns(std::vector<std::string> globs, const std::vector<std::string>& regexes);
    NamePatterns(NamePatterns&&) noexcept;
    NamePatterns& operator=(NamePatterns&&) noexcept;
    ~NamePatterns();

    // Does one of them match the name, or the name without its parameters ("shop::order(int)" is "shop::order" too)? A glob
    // matches all of it, a regular expression a part.
    [[nodiscard]] bool match(std::string_view name) const;
    [[nodiscard]] bool empty() const { return globs_.empty() && regexes_.empty(); }

private:
    std::vector<std::string> globs_;
    std::vector<std::unique_ptr<re2::RE2>> regexes_;
};

// A regular expression that can be used is "", another one is why it can't.
std::string why_no_regex(const std::string& text);

// Does the glob match the path of a source file, or the end of it from a folder's name on? "src/cart/*.cc" matches
// "/build/shop/src/cart/add.cc".
bool matches_source(std::string_view glob, std::string_view path);

}  // namespace footfall
