// Everything that can be configured, validated: made once from a YAML file and flags, never changed after.
//
//   routes:                       # for all services; see usage/route_patterns.h
//     - /orders/{id}
//     - GET /files/{path...}
//   services:
//     - name: shop-*              # a glob over service names
//       routes: [/users/{name}]   # win over the general ones
//   web:
//     listen: 127.0.0.1:9843
//
// and the settings of settings.h, whose names are SECTION.KEY in the file and --SECTION.KEY as flags; flags win. Unknown
// keys, wrong types and bad values are errors with file and line, and exit code kBadConfig.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/calls_by.h"
#include "agent/config/function_pattern.h"
#include "agent/config/values.h"
#include "agent/usage/consumer.h"
#include "agent/usage/namer.h"
#include "agent/usage/names.h"

namespace footfall {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

// Which stacks are taken.
enum class StackMode : std::uint8_t { kNone, kOnCpu, kAll };

struct StackConfig {
    StackMode mode = StackMode::kOnCpu;
    std::uint32_t frequency = 0;  // samples a second and CPU; 0: 99 in sessions, 19 in the agent
    std::uint64_t shortest_wait_nanoseconds = 0;
    std::uint32_t most_waits_a_second = 2000;  // more are sampled by chance
    bool lines = false;                        // files, lines and inlined functions too, from DWARF
    std::string cache_directory = "/var/cache/footfall/unwind";
    std::uint64_t naming_patience_nanoseconds = 30'000'000'000;  // with the names of all of a session's frames
    std::vector<std::string> debuginfod;                         // URLs of servers; none: no server is ever asked
    std::string debuginfod_cache = "/var/cache/footfall/debuginfod";
    std::uint64_t debuginfod_patience_nanoseconds = 30'000'000'000;  // with all of a session's debug files
};

// Functions whose calls are counted beside the operations.
struct FunctionConfig {
    std::vector<FunctionPattern> patterns;  // none: no function's
    bool timed = false;
    bool coverage = false;             // only whether they are called; not both
    double budget = 0;                 // of one processor, that counting may take; 0: no limit
    bool stacks = false;               // the stacks with which they are called are taken, too
    CallsBy by;                        // calls are told apart by that, too
    std::uint32_t most_series = 1000;  // of the agent's metrics; more functions are `other`
};

struct Config {
    NamingRules naming;
    std::uint32_t operation_limit = kDefaultOperationLimit;
    bool commands = true;            // executions of programs are operations, too
    bool costs = true;               // the CPU time of uses is measured
    std::vector<std::string> files;  // globs of paths: so are files that are opened; none: no file is

    ConsumerMode consumer_mode = ConsumerMode::kDefault;
    std::optional<ConsumerKey> consumer_key;  // none: a random one for each session

    std::uint64_t ring_bytes = 8U << 20;  // a power of two
    std::uint64_t drain_interval_nanoseconds = 5'000'000;

    StackConfig stacks;
    FunctionConfig functions;

    std::vector<std::string> inventory_files;  // what could be used: words of inventory/inventory_file.h
    std::string features_file;                 // what belongs to which feature: inventory/features_file.h; empty: none

    ListenAddress listen{"127.0.0.1", 9843};
    bool web_insecure = false;  // listen may be another address than loopback

    LogLevel log_level = LogLevel::kInfo;
    LogFormat log_format = LogFormat::kText;
};

// What the command line adds.
struct ConfigFlags {
    struct Setting {
        std::string name;  // of settings.h, without the dashes
        std::string value;
    };
    std::vector<Setting> settings;
    std::vector<std::string> routes;  // win over those of the file
};

// file: none for the defaults and flags alone.
[[nodiscard]] Result<Config> load_config(const std::optional<std::string>& file, const ConfigFlags& flags = {});

}  // namespace footfall
