#include "agent/inventory/features_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "agent/base/text.h"
#include "agent/config/function_pattern.h"
#include "agent/inventory/document.h"
#include "agent/pipeline/kind.h"
#include "agent/processes/small_file.h"
#include "agent/usage/method.h"

namespace footfall {
namespace {

constexpr std::string_view kFunction = "function";
constexpr std::string_view kUsdt = "usdt";
constexpr std::string_view kUsdtColon = "usdt:";
constexpr std::size_t kMostFeatureBytes = std::size_t{1} << 20U;
constexpr std::size_t kMostPatterns = 10'000;  // of all features

std::vector<std::string_view> known_kinds() {
    std::vector<std::string_view> kinds{
#define FOOTFALL_KIND(enumerator, text, naming) text,
#include "agent/pipeline/kinds.def"
#undef FOOTFALL_KIND
    };
    kinds.push_back(kFunction);
    kinds.push_back(kUsdt);
    return kinds;
}

tl::unexpected<Error> bad_pattern(const std::string& text, const std::string& why, std::string fix) {
    return failure(fmt::format("'{}' {}", text, why), std::move(fix), ExitCode::kBadConfig);
}

tl::unexpected<Error> unknown_kind(const std::string& text, std::string_view kind) {
    const std::vector<std::string_view> kinds = known_kinds();
    const std::string_view close = nearest(kind, kinds);
    return bad_pattern(
        text, "does not begin with a kind of operations",
        close.empty() ? fmt::format("one of: {}", fmt::join(kinds, ", ")) : fmt::format("did you mean '{}'?", close));
}

// "POST /cart/*", "* /cart/*", "POST *"
bool is_http_name(std::string_view name) {
    const std::size_t space = name.find(' ');
    const std::string_view method = name.substr(0, space);
    const bool any = method.find('*') != std::string_view::npos;
    if (!any && standard_method(method) == kOtherMethod && method != kOtherMethod) return false;
    if (space == std::string_view::npos) return any;
    const std::string_view path = name.substr(space + 1);
    return path.starts_with('/') || path.starts_with('*') || path.starts_with('{');
}

Result<FeaturePattern> function_pattern(const std::string& text, std::string_view kind, const std::string& word) {
    const auto parsed = parse_function_patterns({word});
    if (!parsed) return bad_pattern(text, "names no functions: " + parsed.error().what, parsed.error().fix);
    const bool usdt = parsed->front().glob.starts_with(kUsdtColon);
    return FeaturePattern{std::string(usdt ? kUsdt : kind), parsed->front().glob, parsed->front().file};
}

class FeaturesFile {
public:
    explicit FeaturesFile(const Document& document) : document_(document) {}

    Result<Features> read() {
        const DocumentNode& root = document_.root();
        if (root.kind == DocumentNode::Kind::kNothing) return Features{};
        if (!root.is_map()) return document_.wrong(root.line, "expected features here", "a feature is 'NAME: [PATTERN, …]'");
        std::set<std::string_view> seen;
        for (const DocumentEntry& entry : root.entries) {
            if (!seen.insert(entry.key).second)
                return document_.wrong(entry.line, fmt::format("feature '{}' is here twice", entry.key));
            if (const auto added = add(entry); !added) return tl::unexpected(added.error());
        }
        return std::move(features_);
    }

private:
    [[nodiscard]] Result<void> add(const DocumentEntry& entry) {
        if (entry.key.empty()) return document_.wrong(entry.line, "this feature has no name");
        if (entry.key == kNoFeature) {
            return document_.wrong(entry.line, "'other' is what belongs to no feature", "call it something else");
        }
        if (features_.size() == kMostFeatures) return document_.wrong(entry.line, "more than 1,000 features: too many");
        Feature feature{entry.key, {}, document_.place(entry.line)};
        if (entry.value->is_list()) {
            for (const DocumentEntry& item : entry.value->entries) {
                if (auto read = add_pattern(item, feature); !read) return read;
            }
        } else if (entry.value->is_text()) {
            if (auto read = add_pattern(entry, feature); !read) return read;
        }
        if (feature.patterns.empty()) {
            return document_.wrong(entry.line, fmt::format("feature '{}' has no patterns", entry.key),
                                   "a list of them: [http POST /cart/checkout, 'function shop!place_order*']");
        }
        features_.push_back(std::move(feature));
        return {};
    }

    [[nodiscard]] Result<void> add_pattern(const DocumentEntry& item, Feature& feature) {
        if (!item.value->is_text())
            return document_.wrong(item.line, "a pattern is one text: KIND NAME", "put it in quotes if it has { } or :");
        if (++patterns_ > kMostPatterns) return document_.wrong(item.line, "more than 10,000 patterns: too many");
        auto pattern = parse_feature_pattern(item.value->text);
        if (!pattern) return document_.wrong(item.value->line, pattern.error().what, pattern.error().fix);
        feature.patterns.push_back(*std::move(pattern));
        return {};
    }

    const Document& document_;
    Features features_;
    std::size_t patterns_ = 0;
};

}  // namespace

Result<FeaturePattern> parse_feature_pattern(const std::string& text) {
    if (text.starts_with(kUsdtColon)) return function_pattern(text, kUsdt, text);
    const std::size_t space = text.find(' ');
    const std::string kind = text.substr(0, space);
    const std::string name(space == std::string::npos ? std::string_view{} : trim(std::string_view(text).substr(space)));
    const std::vector<std::string_view> kinds = known_kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) return unknown_kind(text, kind);
    if (name.empty()) {
        return bad_pattern(text, "names no operations", fmt::format("all of that kind are '{} *'", kind));
    }
    if (kind == kFunction) return function_pattern(text, kind, name);
    if (kind == kUsdt) return function_pattern(text, kind, name.starts_with(kUsdtColon) ? name : "usdt:" + name);
    if (kind == "http" && !is_http_name(name))
        return bad_pattern(text, "is no method and route", "write 'http GET /orders/{id}', or 'http * /orders/*'");
    return FeaturePattern{kind, name, {}};
}

Result<Features> parse_features(const std::string& file, std::string_view text) {
    const auto document = Document::parse(file, text);
    if (!document) return tl::unexpected(document.error());
    return FeaturesFile(*document).read();
}

Result<Features> read_features(const std::string& file) {
    const auto text = read_small_file(file, kMostFeatureBytes);
    if (!text) return system_failure("cannot read features " + file, text.error(), {}, ExitCode::kNoTarget);
    if (text->size() == kMostFeatureBytes) return failure(file + ": larger than 1 MiB", {}, ExitCode::kBadConfig);
    return parse_features(file, *text);
}

}  // namespace footfall
