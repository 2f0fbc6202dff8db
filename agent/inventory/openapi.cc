#include "agent/inventory/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "agent/inventory/route_template.h"
#include "agent/inventory/server_paths.h"

namespace footfall {
namespace {

constexpr std::size_t kMostItems = 100'000;
constexpr std::size_t kMostSteps = 10'000'000;  // through what aliases make larger than the file is

struct MethodKey {
    std::string_view key;
    std::string_view method;
};
constexpr std::array<MethodKey, 9> kMethods{{{"get", "GET"},
                                             {"put", "PUT"},
                                             {"post", "POST"},
                                             {"delete", "DELETE"},
                                             {"options", "OPTIONS"},
                                             {"head", "HEAD"},
                                             {"patch", "PATCH"},
                                             {"trace", "TRACE"},
                                             {"query", "QUERY"}}};

class Description {
public:
    Description(const Document& document, ReadFile read) : document_(document), references_(std::move(read)) {}

    Result<Inventory> read() {
        if (const auto known = check_version(); !known) return tl::unexpected(known.error());
        const DocumentNode& root = document_.root();
        const DocumentNode* paths = root.find("paths");
        if (paths == nullptr || !paths->is_map()) {
            return document_.wrong(paths == nullptr ? root.line : paths->line,
                                   "no paths here, so nothing that could be used",
                                   "an API description names its routes under 'paths'");
        }
        const std::vector<std::string> prefixes = prefixes_of(root, {""});
        for (const DocumentEntry& path : paths->entries) {
            if (path.key.starts_with("x-")) continue;
            if (const auto read = read_path(path, prefixes); !read) return tl::unexpected(read.error());
        }
        if (inventory_.items.empty()) return document_.wrong(paths->line, "no path here has a method");
        inventory_.leave_out_repeated();
        return std::move(inventory_);
    }

private:
    [[nodiscard]] Result<void> check_version() const {
        const DocumentNode& root = document_.root();
        const DocumentNode* version = root.find("openapi");
        if (version == nullptr) version = root.find("swagger");
        if (version == nullptr) {
            return document_.wrong(root.line, "this is no API description: it has neither 'openapi' nor 'swagger'",
                                   "OpenAPI 3 and Swagger 2 are read");
        }
        const bool known = version->text.starts_with("3.") || version->text == "2.0" || version->text == "2";
        if (!version->is_text() || !known) {
            return document_.wrong(version->line, fmt::format("version '{}' is not read", version->text),
                                   "OpenAPI 3 and Swagger 2 are");
        }
        return {};
    }

    // Those of this object; else those of what is around it.
    static std::vector<std::string> prefixes_of(const DocumentNode& node, const std::vector<std::string>& outer) {
        const DocumentNode* base = node.find("basePath");
        if (base != nullptr && base->is_text()) return {path_of_url(base->text)};
        const DocumentNode* servers = node.find("servers");
        std::vector<std::string> own;
        if (servers != nullptr && servers->is_list()) own = server_paths(*servers);
        return own.empty() ? outer : own;
    }

    [[nodiscard]] Result<void> read_path(const DocumentEntry& path, const std::vector<std::string>& general) {
        const auto item = references_.follow(document_, path);
        if (!item) return tl::unexpected(item.error());
        steps_ += item->node->entries.size();
        if (steps_ > kMostSteps) return document_.wrong(path.line, "its paths hold each other too often: too large");
        const std::vector<std::string> prefixes = prefixes_of(*item->node, general);
        for (const DocumentEntry& entry : item->node->entries) {
            const auto* const method = std::find_if(kMethods.begin(), kMethods.end(),
                                                    [&](const MethodKey& known) { return known.key == entry.key; });
            if (method == kMethods.end()) continue;
            const auto operation = references_.follow(*item->document, entry);
            if (!operation) return tl::unexpected(operation.error());
            auto added =
                add(method->method, path, item->document->place(entry.line), prefixes_of(*operation->node, prefixes));
            if (!added) return added;
        }
        return {};
    }

    [[nodiscard]] Result<void> add(std::string_view method, const DocumentEntry& path, std::string place,
                                   const std::vector<std::string>& prefixes) {
        if (inventory_.items.size() == kMostItems) return document_.wrong(path.line, "more than 100,000 routes: too many");
        InventoryItem item;
        item.text = fmt::format("http {} {}{}", method, prefixes.front(), path.key);
        item.means = InventoryItem::Means::kRoute;
        item.method = method;
        item.place = std::move(place);
        std::vector<std::string> seen_under = prefixes;
        if (std::find(prefixes.begin(), prefixes.end(), "") == prefixes.end()) seen_under.emplace_back();
        // The one without a prefix is the last, as the comparison expects.
        std::stable_partition(seen_under.begin(), seen_under.end(), [](const std::string& one) { return !one.empty(); });
        for (const std::string& prefix : seen_under) {
            auto name = named_template(prefix + path.key);
            if (!path.key.starts_with('/')) name = named_template(path.key);
            if (!name) return document_.wrong(path.line, fmt::format("path '{}': {}", path.key, name.error().what));
            item.names.push_back(*std::move(name));
        }
        inventory_.items.push_back(std::move(item));
        return {};
    }

    const Document& document_;
    References references_;
    Inventory inventory_;
    std::size_t steps_ = 0;
};

}  // namespace

bool is_openapi(const Document& document) {
    return document.root().find("openapi") != nullptr || document.root().find("swagger") != nullptr;
}

Result<Inventory> read_openapi(const Document& document, ReadFile read) {
    return Description(document, std::move(read)).read();
}

}  // namespace footfall
