#include "agent/inventory/document_builder.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace footfall {
namespace {

constexpr std::string_view kMerge = "<<";

}  // namespace

DocumentNode& DocumentBuilder::add(std::uint32_t line, Kind kind) {
    if (nodes_.size() == Document::kMostNodes) throw TooManyNodes();
    DocumentNode& node = nodes_.emplace_back();
    node.kind = kind;
    node.line = line;
    return node;
}

void DocumentBuilder::put(std::uint32_t line, const DocumentNode* node) {
    if (open_.empty()) {
        if (root_ == nullptr) root_ = node;
        return;
    }
    Open& open = open_.back();
    if (++entries_ > Document::kMostNodes) throw TooManyNodes();
    if (open.node->is_list()) {
        open.node->entries.push_back({{}, line, node});
    } else if (open.has_key) {
        open.node->entries.push_back({std::move(open.key), open.key_line, node});
        open.has_key = false;
    } else {
        open.key = node->text;
        open.key_line = line;
        open.has_key = true;
    }
}

const DocumentNode* DocumentBuilder::text(std::uint32_t line, std::string text) {
    DocumentNode& node = add(line, Kind::kText);
    node.text = std::move(text);
    put(line, &node);
    return &node;
}

const DocumentNode* DocumentBuilder::nothing(std::uint32_t line) {
    const DocumentNode& node = add(line, Kind::kNothing);
    put(line, &node);
    return &node;
}

const DocumentNode* DocumentBuilder::begin(std::uint32_t line, Kind kind) {
    DocumentNode& node = add(line, kind);
    put(line, &node);
    open_.push_back({&node, false, {}, line});
    return &node;
}

void DocumentBuilder::again(std::uint32_t line, const DocumentNode* node) { put(line, node); }

void DocumentBuilder::end() {
    DocumentNode& node = *open_.back().node;
    open_.pop_back();
    if (node.is_map()) merge(node);
}

// YAML's merge key: what a map says itself wins, then what comes first.
void DocumentBuilder::merge(DocumentNode& map) {
    std::vector<const DocumentNode*> sources;
    for (const DocumentEntry& entry : map.entries) {
        if (entry.key != kMerge) continue;
        if (entry.value->is_map()) sources.push_back(entry.value);
        if (!entry.value->is_list()) continue;
        for (const DocumentEntry& item : entry.value->entries) sources.push_back(item.value);
    }
    if (sources.empty()) return;
    std::erase_if(map.entries, [](const DocumentEntry& entry) { return entry.key == kMerge; });
    std::set<std::string_view> known;
    for (const DocumentEntry& entry : map.entries) known.insert(entry.key);
    for (const DocumentNode* source : sources) {
        if (source == &map || !source->is_map()) continue;
        entries_ += source->entries.size();
        if (entries_ > Document::kMostNodes) throw TooManyNodes();
        for (const DocumentEntry& entry : source->entries) {
            if (known.insert(entry.key).second) map.entries.push_back(entry);
        }
    }
}

}  // namespace footfall
