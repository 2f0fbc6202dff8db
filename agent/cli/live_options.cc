#include "agent/cli/live_options.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "agent/cli/list_option.h"
#include "agent/config/settings.h"
#include "agent/config/values.h"

namespace footfall {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kInfo:
            return spdlog::level::info;
        case LogLevel::kWarning:
            return spdlog::level::warn;
        case LogLevel::kError:
            return spdlog::level::err;
    }
    __builtin_unreachable();
}

// %* in a pattern: the message as the inside of a JSON string.
class JsonMessage final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& out) override {
        const std::string_view text(message.payload.data(), message.payload.size());
        const std::string quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        out.append(quoted.data() + 1, quoted.data() + quoted.size() - 1);
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

// Logs go to stderr: stdout is for data.
void set_up_log(const Config& config) {
    auto log = std::make_shared<spdlog::logger>("footfall", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    log->set_level(spdlog_level(config.log_level));
    if (config.log_format == LogFormat::kJson) {
        auto lines = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
        lines->add_flag<JsonMessage>('*').set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","message":"%*"})");
        log->set_formatter(std::move(lines));
    } else {
        log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
    }
    spdlog::set_default_logger(std::move(log));
}

// A wrong value on the command line is a usage error; the same in a file is a bad configuration.
Error as_usage(Error error) {
    error.exit_code = ExitCode::kUsage;
    return error;
}

bool contains(Sections sections, std::string_view section) {
    return std::find(sections.begin(), sections.end(), section) != sections.end();
}

bool watches_operations(Sections sections) { return contains(sections, "operations"); }

}  // namespace

void ConfigOptions::add_to(CLI::App& command, Sections sections) {
    command.add_option("--config", file_, "YAML configuration")->type_name("FILE")->group("Configuration");
    if (watches_operations(sections)) {
        command.add_option("--route", routes_, "name of a route, like '/orders/{id}' or 'GET /files/{path...}'; repeatable")
            ->type_name("PATTERN")
            ->group("Configuration")
            ->allow_extra_args(false);
    }
    for (const Setting& setting : settings()) {
        if (!contains(sections, setting.name.substr(0, setting.name.find('.')))) continue;
        const std::string name(setting.name);
        const std::string names = "--" + name + (setting.short_names.empty() ? "" : "," + std::string(setting.short_names));
        command.add_option(names, settings_[name], std::string(setting.help))
            ->type_name(std::string(setting.value))
            ->group("Configuration");
    }
}

Result<Config> ConfigOptions::resolve() const {
    ConfigFlags flags;
    for (const auto& [name, value] : settings_) {
        if (!value.empty()) flags.settings.push_back({name, value});
    }
    flags.routes = routes_;
    // The flags alone first: what is wrong with them is not the file's fault.
    if (const Result<Config> alone = load_config(std::nullopt, flags); !alone)
        return tl::unexpected(as_usage(alone.error()));
    Result<Config> config = load_config(file_.empty() ? std::nullopt : std::optional(file_), flags);
    if (config) set_up_log(*config);
    return config;
}

void LiveFlags::add_to(CLI::App& command, Sections sections) {
    const auto repeatable = [&command](const std::string& names, auto& into, const std::string& type,
                                       const std::string& help) {
        add_list_option(command, names, into, help)->type_name(type)->group("Target (none: the whole host)");
    };
    repeatable("-p,--pid", pids_, "PID", "process, with its children");
    repeatable("--exe", target_.executables, "GLOB", "executables: 'nginx', '/opt/*/bin/*'");
    repeatable("--comm", target_.comms, "GLOB", "process names as in ps -o comm");
    repeatable("--unit", target_.units, "UNIT", "systemd unit");
    repeatable("--container", target_.containers, "NAME", "container, by name or the beginning of its id");
    repeatable("--cgroup", target_.cgroups, "PATH", "cgroup, with all below it");
    repeatable("--user", target_.users, "USER", "processes of a user, by name or uid");
    if (watches_operations(sections)) {
        repeatable("--port", target_.ports, "PORT", "only connections with this local or peer port (narrows the others)");
        command
            .add_option("--hook", hook_,
                        "tracepoints to watch sockets with: auto, socket (kernel 6.5 and newer) or syscall (any)")
            ->check(CLI::IsMember({"auto", "socket", "syscall"}))
            ->type_name("HOOK")
            ->group("Configuration");
    }
    config_.add_to(command, sections);
}

std::vector<std::string> LiveFlags::words() const {
    std::vector<std::string> words;
    const auto add = [&words](const char* option, const auto& values) {
        for (const auto& value : values) words.push_back(std::string(option) + "=" + fmt::to_string(value));
    };
    add("pid", pids_);
    add("exe", target_.executables);
    add("comm", target_.comms);
    add("unit", target_.units);
    add("container", target_.containers);
    add("cgroup", target_.cgroups);
    add("user", target_.users);
    add("port", target_.ports);
    return words;
}

Result<LiveOptions> LiveFlags::resolve() const {
    Result<Config> config = config_.resolve();
    if (!config) return tl::unexpected(config.error());
    LiveOptions options;
    options.config = *std::move(config);
    options.target = target_;
    const FunctionConfig& functions = options.config.functions;
    if (!functions.patterns.empty()) {
        options.functions = FunctionOptions{.patterns = functions.patterns,
                                            .timed = functions.timed,
                                            .coverage = functions.coverage,
                                            .budget = functions.budget,
                                            .stacks = functions.stacks,
                                            .by = functions.by};
    }
    for (const std::uint32_t pid : pids_) options.target.pids.push_back(Pid{pid});
    if (hook_ != "auto") options.hook = hook_ == "socket" ? SocketHook::kSocket : SocketHook::kSyscall;
    options.version = FOOTFALL_VERSION;
    options.target_words = words();
    return options;
}

void DurationFlag::add_to(CLI::App& command) {
    command.add_option("-d,--duration", text_, "how long (until Ctrl-C, or until the target has ended)")
        ->type_name("DURATION");
}

Result<std::uint64_t> DurationFlag::resolve() const {
    if (text_.empty()) return 0;
    auto duration = parse_duration(text_).map_error([](const Error& error) { return as_usage(error.within("--duration")); });
    if (duration && *duration == 0) return failure("--duration: must be more than 0", {}, ExitCode::kUsage);
    return duration;
}

}  // namespace footfall
