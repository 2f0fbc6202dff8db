#include "agent/config/settings.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <utility>
#include <vector>

#include "agent/base/text.h"

namespace footfall {
namespace {

template <typename Value>
using Choice = std::pair<std::string_view, Value>;

// One word of a few.
template <typename Value, std::size_t kCount>
Result<void> choose(std::string_view text, const std::array<Choice<Value>, kCount>& choices, Value& out) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
        names.push_back(name);
        if (name != text) continue;
        out = value;
        return {};
    }
    return failure(fmt::format("'{}' is not one of {}", text, fmt::join(names, ", ")), {}, ExitCode::kBadConfig);
}

Result<void> set_operation_limit(std::string_view text, Config& config) {
    return parse_number(text, 1, Names::kMaxOperations).map([&](std::uint64_t limit) {
        config.operation_limit = static_cast<std::uint32_t>(limit);
    });
}

Result<void> set_consumer_mode(std::string_view text, Config& config) {
    static constexpr std::array kModes{
        Choice<ConsumerMode>{"default", ConsumerMode::kDefault}, Choice<ConsumerMode>{"address", ConsumerMode::kAddress},
        Choice<ConsumerMode>{"hash", ConsumerMode::kHash}, Choice<ConsumerMode>{"none", ConsumerMode::kNone}};
    return choose(text, kModes, config.consumer_mode);
}

Result<void> set_consumer_key(std::string_view text, Config& config) {
    std::ifstream file{std::string(text)};
    std::string digits;
    if (!(file >> digits)) {
        return system_failure(fmt::format("cannot read a key from '{}'", text), errno, "make one: openssl rand -hex 32",
                              ExitCode::kBadConfig);
    }
    ConsumerKey key{};
    bool valid = digits.size() == 2 * key.size();
    for (std::size_t i = 0; valid && i < key.size(); ++i) {
        const char* const pair = digits.data() + 2 * i;
        const auto [end, error] = std::from_chars(pair, pair + 2, key.at(i), 16);
        valid = error == std::errc{} && end == pair + 2;
    }
    if (!valid) {
        return failure(fmt::format("'{}' holds no key of 64 hex digits", text), "make one: openssl rand -hex 32",
                       ExitCode::kBadConfig);
    }
    config.consumer_key = key;
    return {};
}

Result<void> set_ring_size(std::string_view text, Config& config) {
    static constexpr std::uint64_t kLeast = 64U << 10;
    static constexpr std::uint64_t kMost = 1U << 30;
    const auto bytes = parse_size(text);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!std::has_single_bit(*bytes) || *bytes < kLeast || *bytes > kMost) {
        return failure(fmt::format("the ring's size must be a power of two from 64KiB to 1GiB, not {}", text), {},
                       ExitCode::kBadConfig);
    }
    config.ring_bytes = *bytes;
    return {};
}

Result<void> set_drain_interval(std::string_view text, Config& config) {
    static constexpr std::uint64_t kLeast = 1'000'000;
    static constexpr std::uint64_t kMost = 100'000'000;
    const auto interval = parse_duration(text);
    if (!interval) return tl::unexpected(interval.error());
    if (*interval < kLeast || *interval > kMost) {
        return failure(fmt::format("the drain interval must be from 1ms to 100ms, not {}", text), {}, ExitCode::kBadConfig);
    }
    config.drain_interval_nanoseconds = *interval;
    return {};
}

Result<void> set_stacks(std::string_view text, Config& config) {
    static constexpr std::array kModes{Choice<StackMode>{"on-cpu", StackMode::kOnCpu},
                                       Choice<StackMode>{"all", StackMode::kAll},
                                       Choice<StackMode>{"none", StackMode::kNone}};
    return choose(text, kModes, config.stacks.mode);
}

Result<void> set_frequency(std::string_view text, Config& config) {
    static constexpr std::uint64_t kMost = 10'000;
    return parse_number(text, 1, kMost).map([&](std::uint64_t hertz) {
        config.stacks.frequency = static_cast<std::uint32_t>(hertz);
    });
}

Result<void> set_shortest_wait(std::string_view text, Config& config) {
    return parse_duration(text).map([&](std::uint64_t shortest) { config.stacks.shortest_wait_nanoseconds = shortest; });
}

Result<void> set_most_waits(std::string_view text, Config& config) {
    static constexpr std::uint64_t kMost = 1'000'000;
    return parse_number(text, 1, kMost).map([&](std::uint64_t waits) {
        config.stacks.most_waits_a_second = static_cast<std::uint32_t>(waits);
    });
}

constexpr std::array kAnswers{Choice<bool>{"true", true}, Choice<bool>{"false", false}};

Result<void> set_costs(std::string_view text, Config& config) { return choose(text, kAnswers, config.costs); }
Result<void> set_commands(std::string_view text, Config& config) { return choose(text, kAnswers, config.commands); }

Result<void> set_lines(std::string_view text, Config& config) { return choose(text, kAnswers, config.stacks.lines); }

Result<void> set_stack_cache(std::string_view text, Config& config) {
    config.stacks.cache_directory = std::string(text);
    return {};
}

Result<void> set_naming_patience(std::string_view text, Config& config) {
    return parse_duration(text).map([&](std::uint64_t patience) { config.stacks.naming_patience_nanoseconds = patience; });
}

// The environment (DEBUGINFOD_URLS) does not count: what makes a profiler talk to others has to be said to it.
Result<void> set_debuginfod(std::string_view text, Config& config) {
    std::vector<std::string> urls;
    for (const std::string_view word : split(text, ' ')) {
        if (word.empty() || text == "none") continue;
        const auto host = word.starts_with("https://") ? word.substr(8) : word.starts_with("http://") ? word.substr(7) : "";
        if (host.empty() || host.starts_with('/')) {
            return failure(fmt::format("'{}' is no URL of a debuginfod server", word),
                           "such as https://debuginfod.example.org, with spaces between several; or none",
                           ExitCode::kBadConfig);
        }
        urls.emplace_back(word);
    }
    config.stacks.debuginfod = std::move(urls);
    return {};
}

Result<void> set_debuginfod_cache(std::string_view text, Config& config) {
    config.stacks.debuginfod_cache = std::string(text);
    return {};
}

Result<void> set_debuginfod_patience(std::string_view text, Config& config) {
    return parse_duration(text).map(
        [&](std::uint64_t patience) { config.stacks.debuginfod_patience_nanoseconds = patience; });
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (const std::string_view word : split(text, ' ')) {
        if (!word.empty()) words.emplace_back(word);
    }
    return words;
}

Result<void> set_files(std::string_view text, Config& config) {
    config.files = words_of(text);
    return {};
}

Result<void> set_functions(std::string_view text, Config& config) {
    const std::vector<std::string> words = words_of(text);
    config.functions.patterns.clear();
    if (words.empty()) return {};
    auto patterns = parse_function_patterns(words);
    if (!patterns) return failure(patterns.error().what, patterns.error().fix, ExitCode::kBadConfig);
    config.functions.patterns = *std::move(patterns);
    return {};
}

Result<void> set_function_latency(std::string_view text, Config& config) {
    return choose(text, kAnswers, config.functions.timed);
}

Result<void> set_function_coverage(std::string_view text, Config& config) {
    return choose(text, kAnswers, config.functions.coverage);
}

Result<void> set_function_budget(std::string_view text, Config& config) {
    return parse_percent(text).map([&](double share) { config.functions.budget = share; });
}

Result<void> set_function_stacks(std::string_view text, Config& config) {
    return choose(text, kAnswers, config.functions.stacks);
}

Result<void> set_function_by(std::string_view text, Config& config) {
    auto by = parse_calls_by(text);
    if (!by) return failure(by.error().what, by.error().fix, ExitCode::kBadConfig);
    config.functions.by = *by;
    return {};
}

Result<void> set_function_series(std::string_view text, Config& config) {
    static constexpr std::uint64_t kMost = 100'000;
    return parse_number(text, 1, kMost).map([&](std::uint64_t series) {
        config.functions.most_series = static_cast<std::uint32_t>(series);
    });
}

Result<void> set_inventory_files(std::string_view text, Config& config) {
    config.inventory_files = words_of(text);
    return {};
}

Result<void> set_features_file(std::string_view text, Config& config) {
    config.features_file = std::string(text);
    return {};
}

Result<void> set_listen(std::string_view text, Config& config) {
    return parse_listen_address(text).map([&](ListenAddress address) { config.listen = std::move(address); });
}

Result<void> set_insecure(std::string_view text, Config& config) { return choose(text, kAnswers, config.web_insecure); }

Result<void> set_log_level(std::string_view text, Config& config) {
    static constexpr std::array kLevels{
        Choice<LogLevel>{"debug", LogLevel::kDebug}, Choice<LogLevel>{"info", LogLevel::kInfo},
        Choice<LogLevel>{"warning", LogLevel::kWarning}, Choice<LogLevel>{"error", LogLevel::kError}};
    return choose(text, kLevels, config.log_level);
}

Result<void> set_log_format(std::string_view text, Config& config) {
    static constexpr std::array kFormats{Choice<LogFormat>{"text", LogFormat::kText},
                                         Choice<LogFormat>{"json", LogFormat::kJson}};
    return choose(text, kFormats, config.log_format);
}

constexpr std::array kSettings{
    Setting{"operations.limit", "COUNT", "operations kept apart per service and role; the rest is 'other' (200)",
            set_operation_limit},
    Setting{"operations.costs", "BOOL", "measure the CPU time that uses take (true)", set_costs},
    Setting{"operations.commands", "BOOL", "count the programs that are executed, too (true)", set_commands},
    Setting{"operations.files", "GLOBS",
            "count the files that are opened, too, by globs of their paths ('/etc/*'); spaces between several (none)",
            set_files, "--files", true},
    Setting{"consumers.mode", "MODE", "default (own addresses shown, public ones hashed), address, hash or none",
            set_consumer_mode},
    Setting{"consumers.key_file", "FILE", "64 hex digits that key the hashes, so that sessions can be compared (random)",
            set_consumer_key},
    Setting{"ring.size", "SIZE", "the buffer between kernel and agent: a power of two (8MiB)", set_ring_size},
    Setting{"ring.drain_interval", "DURATION", "how often it is emptied, 1ms to 100ms (5ms)", set_drain_interval},
    Setting{"stacks.mode", "MODE", "on-cpu (sampled by the clock), all (where threads wait, too) or none (on-cpu)",
            set_stacks, "--stacks"},
    Setting{"stacks.frequency", "HERTZ", "samples a second and CPU, 1 to 10000 (99; the agent 19)", set_frequency,
            "-F,--frequency"},
    Setting{"stacks.shortest_wait", "DURATION", "waits that are shorter are not kept (0s)", set_shortest_wait},
    Setting{"stacks.most_waits", "COUNT", "waits looked at in a second; beyond, some stand for all (2000)", set_most_waits},
    Setting{"stacks.lines", "BOOL", "files, lines and inlined functions, from debug information (false)", set_lines},
    Setting{"stacks.cache", "DIRECTORY", "where unwind tables are kept (/var/cache/footfall/unwind)", set_stack_cache},
    Setting{"stacks.naming_patience", "DURATION",
            "how long a session looks for names in files, all together; downloads count apart (30s)", set_naming_patience},
    Setting{
        "stacks.debuginfod",
        "URLS",
        "servers to ask for missing debug files, by build-id; spaces between several. The environment's are not used (none)",
        set_debuginfod,
        {},
        true},
    Setting{"stacks.debuginfod_cache", "DIRECTORY",
            "where their files are kept, up to 4GiB (/var/cache/footfall/debuginfod)", set_debuginfod_cache},
    Setting{"stacks.debuginfod_patience", "DURATION", "how long a session waits for them, all together (30s)",
            set_debuginfod_patience},
    Setting{
        "functions.count", "PATTERNS",
        "count calls of functions, too, by [FILE!]GLOB or usdt:PROVIDER:NAME as for `footfall functions`; spaces between "
        "several",
        set_functions, "--functions", true},
    Setting{"functions.latency", "BOOL", "also how long the calls take (false)", set_function_latency},
    Setting{"functions.coverage", "BOOL", "only whether they are called: a probe goes with the first call (false)",
            set_function_coverage},
    Setting{"functions.stacks", "BOOL", "also the stacks with which they are called, of some calls each (false)",
            set_function_stacks},
    Setting{"functions.by", "WHAT",
            "tell calls apart, too: by operation (that is being served), process, thread, user, caller, or argN (none)",
            set_function_by},
    Setting{"functions.budget", "PERCENT",
            "of one processor, that counting may take: beyond, what costs most is not counted on, and said to be hot (none)",
            set_function_budget},
    Setting{"functions.series", "COUNT", "functions with a metric of their own in the agent; the rest is 'other' (1000)",
            set_function_series},
    Setting{"inventory.files", "FILES",
            "what could be used, to tell what was not: [openapi:|proto:|protoset:|binary:|sql:|list:]FILE; spaces between "
            "several",
            set_inventory_files, "--inventory", true},
    Setting{"features.file", "FILE", "YAML: which operations and functions belong to which feature", set_features_file,
            "--features"},
    Setting{"web.listen", "HOST:PORT", "where the agent listens (127.0.0.1:9843)", set_listen},
    Setting{"web.insecure", "BOOL", "allow to listen beyond loopback, readable for everyone who gets there (false)",
            set_insecure},
    Setting{"log.level", "LEVEL", "debug, info, warning or error (info)", set_log_level},
    Setting{"log.format", "FORMAT", "text or json (text)", set_log_format},
};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
    const auto* const found =
        std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return s.name == name; });
    return found == kSettings.end() ? nullptr : found;
}

}  // namespace footfall
