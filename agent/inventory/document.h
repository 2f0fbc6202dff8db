// A YAML or JSON file as a tree in which each value knows its line, so that what is wrong with it can be told with the
// place.
//
// JSON (text that begins with a brace) is read by rules of its own: YAML's reader knows no surrogate pairs, and is slower.
// Of YAML, the first document counts. Aliases are the node that they name, so a tree may hold itself: whoever walks it goes
// down a bounded way only. `<<` merges the keys that a map lacks. Tags say nothing: all values are text.
//
// Errors have the form FILE:LINE: what is wrong, and exit code kBadConfig.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace footfall {

struct DocumentNode;

struct DocumentEntry {
    std::string key;                      // of a map; else empty
    std::uint32_t line = 1;               // of the key, or of the value in a list
    const DocumentNode* value = nullptr;  // never null
};

struct DocumentNode {
    enum class Kind : std::uint8_t { kNothing, kText, kList, kMap };

    Kind kind = Kind::kNothing;
    std::uint32_t line = 1;
    std::string text;                    // kText: also of numbers, true and false
    std::vector<DocumentEntry> entries;  // kList, kMap

    [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
    [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
    [[nodiscard]] bool is_text() const { return kind == Kind::kText; }
    // The value of the first such key; null where there is none, or this is no map.
    [[nodiscard]] const DocumentNode* find(std::string_view key) const;
};

class Document {
public:
    static constexpr std::size_t kMostNodes = 4'000'000;

    // file: its name, for errors.
    [[nodiscard]] static Result<Document> parse(const std::string& file, std::string_view text);

    [[nodiscard]] const DocumentNode& root() const { return *root_; }
    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] tl::unexpected<Error> wrong(std::uint32_t line, const std::string& what, std::string fix = {}) const;
    [[nodiscard]] std::string place(std::uint32_t line) const;

private:
    explicit Document(std::string file) : file_(std::move(file)) {}

    std::string file_;
    std::deque<DocumentNode> nodes_;  // which stay where they are
    const DocumentNode* root_ = nullptr;
};

}  // namespace footfall
