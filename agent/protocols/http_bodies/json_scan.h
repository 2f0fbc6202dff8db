// Walks the top level of a JSON object that may be cut anywhere, or be no JSON at all: keys and string values as they stand,
// with their escapes, everything else skipped. Allocates nothing, never recurses.
#pragma once

#include <cstddef>
#include <string_view>

namespace footfall {

class JsonScan {
public:
    struct Member {
        std::string_view key;
        std::string_view text;  // a string's bytes between its quotes, escapes as they are; empty for other values
        bool whole = false;     // the value's end was seen
    };

    // text: from the object's brace on.
    explicit JsonScan(std::string_view text) : rest_(text) {}

    // False at the end of the object or of the text.
    bool next(Member& member);
    // What is behind the object once next() has answered false.
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    void skip_space();
    bool take(char wanted);
    bool take_string(std::string_view& out);
    bool skip_value();

    std::string_view rest_;
    bool inside_ = false;
};

}  // namespace footfall
