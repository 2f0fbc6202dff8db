#include "agent/inventory/references.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <utility>

#include "agent/base/text.h"

namespace footfall {
namespace {

constexpr unsigned kMostHops = 16;

// One step of a JSON pointer: "~1orders" is "/orders", and "%7B" is "{", since it stands in a URL.
std::string pointer_step(std::string_view text) {
    std::string step;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view two = text.substr(i, 2);
        unsigned byte = 0;
        if (two == "~1" || two == "~0") {
            step += two == "~1" ? '/' : '~';
            ++i;
        } else if (text[i] == '%' && i + 2 < text.size() &&
                   std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
            step += static_cast<char>(byte);
            i += 2;
        } else {
            step += text[i];
        }
    }
    return step;
}

// pointer: "" or "/a/b". null: there is none.
const DocumentNode* node_at(const Document& document, std::string_view pointer) {
    const DocumentNode* node = &document.root();
    if (pointer.empty()) return node;
    for (const std::string_view step : split(pointer.substr(1), '/')) {
        node = node == nullptr ? nullptr : node->find(pointer_step(step));
    }
    return node;
}

}  // namespace

Result<Referenced> References::follow(const Document& document, const DocumentEntry& entry) {
    Referenced at{&document, entry.value};
    for (unsigned hops = 0; hops < kMostHops; ++hops) {
        const DocumentNode* reference = at.node->find("$ref");
        if (reference == nullptr || !reference->is_text()) return at;
        auto next = follow_once(*at.document, *reference);
        if (!next) return next;
        at = *next;
    }
    return document.wrong(entry.line, "this $ref leads to itself");
}

Result<Referenced> References::follow_once(const Document& document, const DocumentNode& reference) {
    const std::string_view text = reference.text;
    const std::size_t mark = text.find('#');
    const std::string_view file = text.substr(0, mark);
    const std::string_view pointer = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
    const auto target = file.empty() ? Result<const Document*>(&document) : open(document, reference, file);
    if (!target) return tl::unexpected(target.error());
    const bool well_formed = pointer.empty() || pointer.starts_with('/');
    const DocumentNode* node = well_formed ? node_at(**target, pointer) : nullptr;
    if (node == nullptr) return document.wrong(reference.line, fmt::format("'{}' is not there", text));
    return Referenced{*target, node};
}

Result<const Document*> References::open(const Document& from, const DocumentNode& reference, std::string_view file) {
    if (!read_ || file.find("://") != std::string_view::npos) {
        return from.wrong(reference.line, fmt::format("'{}' is elsewhere, and nothing is fetched", reference.text),
                          "put the description into one file first: redocly bundle, swagger-cli bundle");
    }
    const std::string path = (std::filesystem::path(from.file()).parent_path() / file).lexically_normal().string();
    if (const auto known = files_.find(path); known != files_.end()) return &known->second;
    if (files_.size() == kMostFiles) return from.wrong(reference.line, "more than 1,024 files: too many");
    const auto bytes = read_(path);
    if (!bytes) return from.wrong(reference.line, system_failure("cannot read " + path, bytes.error()).value().what);
    auto document = Document::parse(path, *bytes);
    if (!document) return tl::unexpected(document.error());
    return &files_.emplace(path, *std::move(document)).first->second;
}

}  // namespace footfall
