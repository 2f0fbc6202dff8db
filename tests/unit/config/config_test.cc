#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "agent/base/text.h"
#include "agent/config/settings.h"

namespace footfall {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ConfigFileTest : public testing::Test {
protected:
    std::string file(const std::string& name, const std::string& text) {
        std::string path = testing::TempDir() + "footfall_config_" + std::to_string(getpid()) + "_" + name;
        std::ofstream(path) << text;
        made_.insert(path);
        return path;
    }
    Result<Config> load(const std::string& text, const ConfigFlags& flags = {}) {
        path_ = file("config.yaml", text);
        return load_config(path_, flags);
    }
    // The error without the path in front: ":LINE: what".
    std::string error_of(const std::string& text) {
        const auto config = load(text);
        if (config) return "it was accepted";
        EXPECT_EQ(config.error().exit_code, ExitCode::kBadConfig);
        EXPECT_THAT(config.error().what, StartsWith(path_));
        return config.error().what.substr(path_.size());
    }
    void TearDown() override {
        for (const std::string& path : made_) std::filesystem::remove(path);
    }

private:
    std::string path_;
    std::set<std::string> made_;
};

TEST_F(ConfigFileTest, WhatCouldBeUsedAndFeaturesAreFiles) {
    const auto config = load("inventory: {files: [api.yaml, 'sql:schema.sql']}\nfeatures: {file: features.yaml}\n");
    ASSERT_TRUE(config.has_value());
    EXPECT_THAT(config->inventory_files, testing::ElementsAre("api.yaml", "sql:schema.sql"));
    EXPECT_EQ(config->features_file, "features.yaml");
    const auto flag = load("inventory: {files: api.yaml}\n", {{{"inventory.files", "a  b"}}, {}});
    ASSERT_TRUE(flag.has_value());
    EXPECT_THAT(flag->inventory_files, testing::ElementsAre("a", "b"));
}

TEST_F(ConfigFileTest, WithoutAFileThereAreDefaults) {
    const Config config = load_config(std::nullopt).value();
    EXPECT_EQ(config.listen, (ListenAddress{"127.0.0.1", 9843}));
    EXPECT_EQ(config.operation_limit, 200U);
    EXPECT_EQ(config.consumer_mode, ConsumerMode::kDefault);
    EXPECT_FALSE(config.consumer_key);
    EXPECT_EQ(config.ring_bytes, 8U << 20);
    EXPECT_EQ(config.log_level, LogLevel::kInfo);
    EXPECT_TRUE(config.naming.routes.empty());
    EXPECT_EQ(config.stacks.mode, StackMode::kOnCpu);
    EXPECT_EQ(config.stacks.frequency, 0U) << "99 in sessions, 19 in the agent";
    EXPECT_EQ(config.stacks.shortest_wait_nanoseconds, 0U);
    EXPECT_EQ(config.stacks.most_waits_a_second, 2000U);
    EXPECT_FALSE(config.stacks.lines);
    EXPECT_EQ(config.stacks.naming_patience_nanoseconds, 30'000'000'000U);
}

TEST_F(ConfigFileTest, AnEmptyFileIsTheDefaults) {
    EXPECT_TRUE(load(""));
    EXPECT_TRUE(load("# nothing yet\n"));
}

TEST_F(ConfigFileTest, EverythingCanBeSet) {
    const std::string key = file("key", std::string(64, 'a') + "\n");
    const Config config = load(R"(routes:
  - /orders/{id}
  - GET /files/{path...}
services:
  - name: shop-*
    routes: ["/users/{name}"]
operations: {limit: 500}
consumers: {mode: hash, key_file: )" +
                               key + R"(}
ring: {size: 16MiB, drain_interval: 10ms}
stacks: {mode: all, frequency: 49, shortest_wait: 10us, most_waits: 500, lines: true, cache: /tmp/tables,
         naming_patience: 1m}
web: {listen: "0.0.0.0:80", insecure: true}
log: {level: debug, format: json}
)")
                              .value();
    ASSERT_EQ(config.naming.routes.size(), 2U);
    EXPECT_EQ(config.naming.routes[1].method, "GET");
    ASSERT_EQ(config.naming.by_service.size(), 1U);
    EXPECT_EQ(config.naming.by_service[0].service, "shop-*");
    EXPECT_EQ(config.naming.by_service[0].routes[0].route, "/users/{name}");
    EXPECT_EQ(config.operation_limit, 500U);
    EXPECT_EQ(config.consumer_mode, ConsumerMode::kHash);
    ConsumerKey expected{};
    expected.fill(0xaa);
    EXPECT_EQ(config.consumer_key, expected);
    EXPECT_EQ(config.ring_bytes, 16U << 20);
    EXPECT_EQ(config.drain_interval_nanoseconds, 10'000'000U);
    EXPECT_EQ(config.stacks.mode, StackMode::kAll);
    EXPECT_EQ(config.stacks.frequency, 49U);
    EXPECT_EQ(config.stacks.shortest_wait_nanoseconds, 10'000U);
    EXPECT_EQ(config.stacks.most_waits_a_second, 500U);
    EXPECT_TRUE(config.stacks.lines);
    EXPECT_EQ(config.stacks.cache_directory, "/tmp/tables");
    EXPECT_EQ(config.stacks.naming_patience_nanoseconds, 60'000'000'000U);
    EXPECT_EQ(config.listen, (ListenAddress{"0.0.0.0", 80}));
    EXPECT_EQ(config.log_level, LogLevel::kDebug);
    EXPECT_EQ(config.log_format, LogFormat::kJson);
}

TEST_F(ConfigFileTest, UnknownKeysAreErrorsThatNameTheNearestKnownOne) {
    const auto config = load("log:\n  levle: debug\n");
    EXPECT_THAT(config.error().what, EndsWith(":2: unknown key 'levle'"));
    EXPECT_EQ(config.error().fix, "did you mean 'level'?");
    const auto section = load("log: {level: info}\nroute: []\n");
    EXPECT_THAT(section.error().what, EndsWith(":2: unknown key 'route'"));
    EXPECT_EQ(section.error().fix, "did you mean 'routes'?");
    const auto far = load("banana: 1\n");
    EXPECT_THAT(
        far.error().fix,
        HasSubstr(
            "known here: operations, consumers, ring, stacks, functions, inventory, features, web, log, routes, services"));
}

TEST_F(ConfigFileTest, BadValuesAreErrorsWithTheirLine) {
    EXPECT_EQ(error_of("log:\n  level: loud\n"), ":2: log.level: 'loud' is not one of debug, info, warning, error");
    EXPECT_EQ(error_of("log:\n  level: [info]\n"), ":2: log.level needs one value: LEVEL");
    EXPECT_EQ(error_of("\nlog: debug\n"), ":2: expected keys and values here: level, format");
    EXPECT_EQ(error_of("ring:\n  size: 10MiB\n"),
              ":2: ring.size: the ring's size must be a power of two from 64KiB to 1GiB, not 10MiB");
    EXPECT_THAT(error_of("ring: {drain_interval: 1s}"), HasSubstr("from 1ms to 100ms, not 1s"));
    EXPECT_THAT(error_of("operations: {limit: 0}"), HasSubstr("a whole number from 1 to 4096"));
    EXPECT_THAT(error_of("web: {listen: nowhere}"), HasSubstr("'nowhere' is not an address to listen at"));
    EXPECT_THAT(error_of("log: {level: info}\nlog: {level: info}\n"), EndsWith(":2: 'log' is here twice"));
    EXPECT_THAT(error_of("- a\n"), HasSubstr(":1: expected keys and values here"));
    EXPECT_THAT(error_of("consumers: {key_file: /nonexistent}"),
                HasSubstr(":1: consumers.key_file: cannot read a key from '/nonexistent'"));
    EXPECT_THAT(error_of("consumers: {key_file: " + file("key", "12345") + "}"), HasSubstr("holds no key of 64 hex digits"));
}

TEST_F(ConfigFileTest, BadSettingsOfStacksAreErrorsThatSayWhatIsAllowed) {
    EXPECT_THAT(error_of("stacks: {mode: off-cpu}"), HasSubstr("stacks.mode: 'off-cpu' is not one of on-cpu, all, none"));
    EXPECT_THAT(error_of("stacks: {frequency: 0}"), HasSubstr("stacks.frequency"));
    EXPECT_THAT(error_of("stacks: {frequency: 0}"), HasSubstr("a whole number from 1 to 10000"));
    EXPECT_THAT(error_of("stacks: {frequency: 10001}"), HasSubstr("a whole number from 1 to 10000"));
    EXPECT_THAT(error_of("stacks: {frequency: 99.5}"), HasSubstr("a whole number from 1 to 10000"));
    EXPECT_THAT(error_of("stacks: {most_waits: 0}"), HasSubstr("a whole number from 1 to 1000000"));
    EXPECT_THAT(error_of("stacks: {shortest_wait: 10}"), HasSubstr("stacks.shortest_wait"));
    EXPECT_THAT(error_of("stacks: {lines: maybe}"), HasSubstr("stacks.lines: 'maybe' is not one of true, false"));
}

TEST_F(ConfigFileTest, FunctionsAreCountedByPatternsInOneOfTwoWays) {
    const Config config = load(
                              "functions: {count: [shop!order*, usdt:shop:*], latency: true, budget: 1%, series: 7}\n"
                              "operations: {files: /etc/*}\n")
                              .value();
    ASSERT_EQ(config.functions.patterns.size(), 2U);
    EXPECT_EQ(config.functions.patterns[0].file, "shop");
    EXPECT_EQ(config.functions.patterns[1].glob, "usdt:shop:*");
    EXPECT_TRUE(config.functions.timed);
    EXPECT_DOUBLE_EQ(config.functions.budget, 0.01);
    EXPECT_EQ(config.functions.most_series, 7U);
    EXPECT_EQ(config.files, std::vector<std::string>{"/etc/*"});
    EXPECT_TRUE(load("functions: {count: ''}\n").value().functions.patterns.empty());
    EXPECT_THAT(error_of("functions: {count: '!f'}"), HasSubstr("functions.count: '!f' is no pattern of functions"));
    EXPECT_THAT(error_of("functions: {budget: 1}"), HasSubstr("functions.budget: '1' is not a share such as 5%"));
    EXPECT_THAT(load("functions: {coverage: true, latency: true}\n").error().what, HasSubstr("asks for all calls"));
    EXPECT_THAT(load("functions: {coverage: true, budget: 1%}\n").error().what, HasSubstr("nothing to keep"));
}

TEST_F(ConfigFileTest, StacksCanBeTurnedOff) {
    EXPECT_EQ(load("stacks: {mode: none}\n").value().stacks.mode, StackMode::kNone);
}

TEST_F(ConfigFileTest, BadPatternsAreErrorsWithLineAndCharacter) {
    EXPECT_EQ(error_of("routes:\n  - /a\n  - /orders/{id\n"),
              ":3: route pattern '/orders/{id', character 9: this { is never closed");
    EXPECT_EQ(error_of("routes:\n  - /a/{x}\n  - /a/{y}\n"), ":3: '/a/{y}' matches the same as a pattern above it");
    EXPECT_EQ(error_of("routes: /a\n"), ":1: routes must be a list of patterns");
    EXPECT_EQ(error_of("routes:\n  - {id: 1}\n"), ":2: a route is one pattern, as text");
    EXPECT_EQ(error_of("services:\n  - routes: [/a]\n"), ":2: this service has no name");
    EXPECT_EQ(error_of("services:\n  - name: a\n    routes: [a]\n"),
              ":3: route pattern 'a', character 1: a path begins with /");
    EXPECT_THAT(error_of("services:\n  - nmae: a\n"), EndsWith(":2: unknown key 'nmae'"));
}

TEST_F(ConfigFileTest, WhatIsNoYamlIsAnErrorWithItsLine) {
    EXPECT_THAT(error_of("log:\n  level: [\n"), HasSubstr(": not valid YAML: "));
    EXPECT_THAT(error_of("a: b: c\n"), StartsWith(":1: not valid YAML: "));
}

TEST_F(ConfigFileTest, AFileThatCannotBeReadIsAnError) {
    EXPECT_EQ(load_config("/nonexistent/f.yaml").error().what,
              "cannot read configuration /nonexistent/f.yaml: No such file or directory");
    EXPECT_EQ(load_config("/nonexistent/f.yaml").error().exit_code, ExitCode::kBadConfig);
    EXPECT_THAT(load_config(testing::TempDir()).error().what, EndsWith("Is a directory"));
}

TEST_F(ConfigFileTest, FlagsWinOverTheFile) {
    ConfigFlags flags;
    flags.settings = {{"log.level", "error"}};
    flags.routes = {"/orders/{number}"};
    const Config config = load("log: {level: debug, format: json}\nroutes: [\"/orders/{id}\"]\n", flags).value();
    EXPECT_EQ(config.log_level, LogLevel::kError);
    EXPECT_EQ(config.log_format, LogFormat::kJson);
    ASSERT_EQ(config.naming.routes.size(), 2U);
    EXPECT_EQ(config.naming.routes[0].route, "/orders/{number}");
}

TEST_F(ConfigFileTest, BadFlagsNameThemselves) {
    const auto bad = load_config(std::nullopt, {.settings = {{"log.level", "loud"}}, .routes = {}});
    EXPECT_THAT(bad.error().what, StartsWith("--log.level: 'loud'"));
    EXPECT_EQ(bad.error().exit_code, ExitCode::kBadConfig);
    const auto unknown = load_config(std::nullopt, {.settings = {{"log.levle", "info"}}, .routes = {}});
    EXPECT_EQ(unknown.error().fix, "did you mean --log.level?");
    EXPECT_EQ(unknown.error().exit_code, ExitCode::kUsage);
    EXPECT_EQ(load_config(std::nullopt, {.settings = {}, .routes = {"x"}}).error().exit_code, ExitCode::kBadConfig);
}

TEST_F(ConfigFileTest, ListeningBeyondLoopbackMustBeAskedFor) {
    const auto open = load("web: {listen: \":9843\"}\n");
    EXPECT_THAT(open.error().what, HasSubstr("can be reached from outside this machine"));
    EXPECT_EQ(open.error().exit_code, ExitCode::kBadConfig);
    EXPECT_TRUE(load("web: {listen: \":9843\", insecure: true}\n"));
}

TEST(Settings, EachHasASectionAKeyAndHelp) {
    std::set<std::string_view> names;
    for (const Setting& setting : settings()) {
        EXPECT_EQ(std::count(setting.name.begin(), setting.name.end(), '.'), 1) << setting.name;
        EXPECT_FALSE(setting.help.empty());
        EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    }
    EXPECT_EQ(find_setting("nothing"), nullptr);
}

// They stand beside those of the commands (-d, -o, -p, …), which a test of the command line holds apart.
TEST(Settings, ShortFlagsAreWhatUsersOfOtherProfilersType) {
    std::map<std::string_view, std::string_view> short_names;
    for (const Setting& setting : settings()) {
        for (const std::string_view name : split(setting.short_names, ',')) {
            if (name.empty()) continue;
            EXPECT_TRUE(name.starts_with('-')) << name;
            EXPECT_TRUE(short_names.emplace(name, setting.name).second) << name << " twice";
        }
    }
    EXPECT_EQ(short_names["-F"], "stacks.frequency");
    EXPECT_EQ(short_names["--frequency"], "stacks.frequency");
    EXPECT_EQ(short_names["--stacks"], "stacks.mode");
}

}  // namespace
}  // namespace footfall
