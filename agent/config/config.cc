#include "agent/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/base/text.h"
#include "agent/config/config_file.h"
#include "agent/config/settings.h"

namespace footfall {
namespace {

Result<void> apply_flag(const ConfigFlags::Setting& flag, Config& config) {
    const Setting* setting = find_setting(flag.name);
    if (setting == nullptr) {
        std::vector<std::string_view> names;
        for (const Setting& known : settings()) names.push_back(known.name);
        const std::string_view close = nearest(flag.name, names);
        return failure(fmt::format("unknown option --{}", flag.name),
                       close.empty() ? std::string{} : fmt::format("did you mean --{}?", close), ExitCode::kUsage);
    }
    return setting->set(flag.value, config).map_error([&](const Error& error) { return error.within("--" + flag.name); });
}

Result<void> put_in_front(const std::vector<std::string>& texts, std::vector<RoutePattern>& routes) {
    std::vector<RoutePattern> parsed;
    for (const std::string& text : texts) {
        auto pattern = parse_route_pattern(text);
        if (!pattern) return tl::unexpected(pattern.error());
        parsed.push_back(*std::move(pattern));
    }
    routes.insert(routes.begin(), std::make_move_iterator(parsed.begin()), std::make_move_iterator(parsed.end()));
    return {};
}

Result<void> check_together(const Config& config) {
    if (config.functions.timed && config.functions.coverage) {
        return failure("functions.latency asks for all calls, and functions.coverage only for the first ones",
                       "leave one of them out", ExitCode::kBadConfig);
    }
    if (config.functions.budget > 0 && config.functions.coverage) {
        return failure("functions.coverage counts the first calls only: there is nothing to keep to functions.budget",
                       "leave one of them out", ExitCode::kBadConfig);
    }
    if (config.functions.by.what != FunctionBy::kNothing && config.functions.coverage) {
        return failure("functions.coverage counts the first calls only: there is nothing to tell apart by functions.by",
                       "leave one of them out", ExitCode::kBadConfig);
    }
    if (config.listen.loopback() || config.web_insecure) return {};
    return failure(fmt::format("web.listen {} can be reached from outside this machine, without encryption or a password",
                               config.listen.text()),
                   "listen on 127.0.0.1, or set web.insecure if that is what you want", ExitCode::kBadConfig);
}

}  // namespace

Result<Config> load_config(const std::optional<std::string>& file, const ConfigFlags& flags) {
    Config config;
    if (file) {
        if (Result<void> read = read_config_file(*file, config); !read) return tl::unexpected(read.error());
    }
    for (const ConfigFlags::Setting& flag : flags.settings) {
        if (Result<void> applied = apply_flag(flag, config); !applied) return tl::unexpected(applied.error());
    }
    if (Result<void> added = put_in_front(flags.routes, config.naming.routes); !added) return tl::unexpected(added.error());
    if (Result<void> checked = check_together(config); !checked) return tl::unexpected(checked.error());
    return config;
}

}  // namespace footfall
