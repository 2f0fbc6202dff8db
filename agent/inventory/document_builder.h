// Puts a document together from what a reader meets, from the front to the back.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "agent/inventory/document.h"

namespace footfall {

// More nodes than are kept: the reader gives up.
struct TooManyNodes {};

class DocumentBuilder {
public:
    using Kind = DocumentNode::Kind;

    explicit DocumentBuilder(std::deque<DocumentNode>& nodes) : nodes_(nodes) {}

    // Of a map, keys and values come in turns. A key that is no text stands for itself as "".
    const DocumentNode* text(std::uint32_t line, std::string text);
    const DocumentNode* nothing(std::uint32_t line);
    const DocumentNode* begin(std::uint32_t line, Kind kind);
    void again(std::uint32_t line, const DocumentNode* node);
    void end();

    // null: nothing came.
    [[nodiscard]] const DocumentNode* root() const { return root_; }

private:
    struct Open {
        DocumentNode* node = nullptr;
        bool has_key = false;
        std::string key;
        std::uint32_t key_line = 1;
    };

    DocumentNode& add(std::uint32_t line, Kind kind);
    void put(std::uint32_t line, const DocumentNode* node);
    void merge(DocumentNode& map);

    std::deque<DocumentNode>& nodes_;
    std::vector<Open> open_;
    std::size_t entries_ = 0;
    const DocumentNode* root_ = nullptr;
};

}  // namespace footfall
