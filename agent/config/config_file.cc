#include "agent/config/config_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/base/text.h"
#include "agent/config/settings.h"
#include "agent/usage/route_patterns.h"

namespace footfall {
namespace {

constexpr std::string_view kRoutes = "routes";
constexpr std::string_view kServices = "services";
constexpr std::string_view kName = "name";

class ConfigFile {
public:
    ConfigFile(const std::string& path, Config& config) : path_(path), config_(config) {}

    [[nodiscard]] Result<void> read(const YAML::Node& root) {
        if (root.IsNull()) return {};
        return each_key(root, top_level_keys(), [&](const std::string& key, const YAML::Node& value) -> Result<void> {
            if (key == kRoutes) return read_routes(value, config_.naming.routes);
            if (key == kServices) return read_services(value);
            return read_section(key, value);
        });
    }

private:
    [[nodiscard]] tl::unexpected<Error> wrong(const YAML::Node& node, const std::string& what, std::string fix = {}) const {
        const int line = node.Mark().line;  // from 0; -1 where yaml-cpp does not know
        return failure(fmt::format("{}:{}: {}", path_, std::max(line, 0) + 1, what), std::move(fix), ExitCode::kBadConfig);
    }

    // The keys under a section, or the sections where it is empty.
    static std::vector<std::string_view> setting_keys(std::string_view section) {
        std::vector<std::string_view> keys;
        for (const Setting& setting : settings()) {
            const std::size_t dot = setting.name.find('.');
            const std::string_view own = setting.name.substr(0, dot);
            if (section.empty() && (keys.empty() || keys.back() != own)) keys.push_back(own);
            if (own == section) keys.push_back(setting.name.substr(dot + 1));
        }
        return keys;
    }

    static std::vector<std::string_view> top_level_keys() {
        std::vector<std::string_view> keys = setting_keys({});
        keys.push_back(kRoutes);
        keys.push_back(kServices);
        return keys;
    }

    // Calls visit(key, value) for each key of a map, once it is known to be a known one and there once.
    template <typename Visit>
    [[nodiscard]] Result<void> each_key(const YAML::Node& map, const std::vector<std::string_view>& known, Visit visit) {
        if (!map.IsMap()) return wrong(map, fmt::format("expected keys and values here: {}", fmt::join(known, ", ")));
        std::vector<std::string> seen;
        for (const auto& entry : map) {
            const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
            if (std::find(known.begin(), known.end(), key) == known.end()) return unknown_key(entry.first, key, known);
            if (std::find(seen.begin(), seen.end(), key) != seen.end())
                return wrong(entry.first, "'" + key + "' is here twice");
            seen.push_back(key);
            if (Result<void> done = visit(key, entry.second); !done) return done;
        }
        return {};
    }

    [[nodiscard]] Result<void> unknown_key(const YAML::Node& node, const std::string& key,
                                           const std::vector<std::string_view>& known) const {
        const std::string_view close = nearest(key, known);
        const std::string fix =
            close.empty() ? fmt::format("known here: {}", fmt::join(known, ", ")) : fmt::format("did you mean '{}'?", close);
        return wrong(node, fmt::format("unknown key '{}'", key), fix);
    }

    // Nothing where it is neither a value nor, if that may be, a list of values.
    static std::optional<std::string> text_of(const YAML::Node& node, bool may_be_list) {
        if (node.IsScalar()) return node.Scalar();
        if (!may_be_list || !node.IsSequence()) return std::nullopt;
        std::vector<std::string> items;
        for (const auto& item : node) {
            if (!item.IsScalar()) return std::nullopt;
            items.push_back(item.Scalar());
        }
        return fmt::format("{}", fmt::join(items, " "));
    }

    [[nodiscard]] Result<void> read_section(const std::string& section, const YAML::Node& node) {
        return each_key(node, setting_keys(section), [&](const std::string& key, const YAML::Node& value) -> Result<void> {
            const Setting* setting = find_setting(section + "." + key);
            const std::optional<std::string> text = text_of(value, setting->list);
            if (!text)
                return wrong(value, fmt::format("{} needs {}: {}", setting->name,
                                                setting->list ? "a value or a list" : "one value", setting->value));
            return setting->set(*text, config_).map_error([&](const Error& error) {
                return wrong(value, fmt::format("{}: {}", setting->name, error.what), error.fix).value();
            });
        });
    }

    [[nodiscard]] Result<void> read_routes(const YAML::Node& list, std::vector<RoutePattern>& routes) {
        if (!list.IsSequence()) return wrong(list, "routes must be a list of patterns", "begin each line with a dash");
        RoutePatterns known;
        for (const RoutePattern& route : routes) static_cast<void>(known.add(route));
        for (const auto& item : list) {
            if (!item.IsScalar()) return wrong(item, "a route is one pattern, as text", "put the pattern in quotes");
            auto pattern = parse_route_pattern(item.Scalar());
            if (!pattern) return wrong(item, pattern.error().what, pattern.error().fix);
            if (!known.add(*pattern))
                return wrong(item, fmt::format("'{}' matches the same as a pattern above it", item.Scalar()));
            routes.push_back(*std::move(pattern));
        }
        return {};
    }

    [[nodiscard]] Result<void> read_services(const YAML::Node& list) {
        if (!list.IsSequence()) return wrong(list, "services must be a list", "begin each with '- name: …'");
        for (const auto& item : list) {
            ServiceRoutes service;
            Result<void> read =
                each_key(item, {kName, kRoutes}, [&](const std::string& key, const YAML::Node& value) -> Result<void> {
                    if (key == kRoutes) return read_routes(value, service.routes);
                    if (!value.IsScalar()) return wrong(value, "name must be text: a service's name, or a glob");
                    service.service = value.Scalar();
                    return {};
                });
            if (!read) return read;
            if (service.service.empty()) return wrong(item, "this service has no name");
            config_.naming.by_service.push_back(std::move(service));
        }
        return {};
    }

    const std::string& path_;
    Config& config_;
};

}  // namespace

Result<void> read_config_file(const std::string& path, Config& config) {
    std::ifstream file(path);
    if (!file) return system_failure("cannot read configuration " + path, errno, {}, ExitCode::kBadConfig);
    std::error_code error_code;
    if (std::filesystem::is_directory(path, error_code)) {
        return system_failure("cannot read configuration " + path, EISDIR, {}, ExitCode::kBadConfig);
    }
    try {
        return ConfigFile(path, config).read(YAML::Load(file));
    } catch (const YAML::Exception& error) {
        return failure(fmt::format("{}:{}: not valid YAML: {}", path, std::max(error.mark.line, 0) + 1, error.msg), {},
                       ExitCode::kBadConfig);
    }
}

}  // namespace footfall
