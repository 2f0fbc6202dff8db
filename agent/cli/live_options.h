// The options that several commands have in common: the configuration, and for those that watch this host, the target.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "agent/session/live_session.h"

namespace footfall {

// What settings a command heeds, by their section ("ring"). A configuration file may hold them all.
using Sections = std::initializer_list<std::string_view>;

// --config and one flag for each setting; --route beside those of operations. Lives as long as the parsing.
class ConfigOptions {
public:
    void add_to(CLI::App& command, Sections sections);
    // Validated; the log is set up as it says.
    [[nodiscard]] Result<Config> resolve() const;

private:
    std::string file_;
    std::vector<std::string> routes_;
    std::map<std::string, std::string> settings_;  // by name; empty: not given
};

// The same, and who is to be watched: of operations, also on which ports, and by which hook.
class LiveFlags {
public:
    void add_to(CLI::App& command, Sections sections);
    [[nodiscard]] Result<LiveOptions> resolve() const;
    // The target as given, for the session's record of itself.
    [[nodiscard]] std::vector<std::string> words() const;

private:
    ConfigOptions config_;
    TargetSpec target_;
    std::vector<std::uint32_t> pids_;
    std::string hook_ = "auto";
};

// -d: how long a command watches.
class DurationFlag {
public:
    void add_to(CLI::App& command);
    // In nanoseconds; 0: not given. "0s", or what is no duration, is a usage error.
    [[nodiscard]] Result<std::uint64_t> resolve() const;

private:
    std::string text_;
};

}  // namespace footfall
