// Follows the $ref of a description (OpenAPI Specification, "Reference Object"; JSON pointers: RFC 6901): within its file,
// and into other files beside it, each read once. What is on other hosts is refused: nothing is ever fetched.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/inventory/document.h"

namespace footfall {

// The bytes of a file, or an errno.
using ReadFile = std::function<tl::expected<std::string, int>(const std::string& path)>;

// A value, and the document that it is in. Valid as long as the references are.
struct Referenced {
    const Document* document = nullptr;
    const DocumentNode* node = nullptr;
};

class References {
public:
    static constexpr std::size_t kMostFiles = 1024;

    // read: empty: other files are refused.
    explicit References(ReadFile read) : read_(std::move(read)) {}

    // What the entry's value means in the end: where it has no $ref, that value. Errors are told at the $ref's own place.
    [[nodiscard]] Result<Referenced> follow(const Document& document, const DocumentEntry& entry);

private:
    [[nodiscard]] Result<Referenced> follow_once(const Document& document, const DocumentNode& reference);
    [[nodiscard]] Result<const Document*> open(const Document& from, const DocumentNode& reference, std::string_view file);

    ReadFile read_;
    std::map<std::string, Document> files_;  // by path
};

}  // namespace footfall
