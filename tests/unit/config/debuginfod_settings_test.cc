#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/config/config.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kServer = "https://debuginfod.example.org";
constexpr const char* kOwn = "http://10.0.0.1:8002/debug";

class DebuginfodSettings : public testing::Test {
protected:
    Result<Config> load(const std::string& text, const std::vector<ConfigFlags::Setting>& flags = {}) {
        write_contents(scratch_.file("config.yaml"), text);
        return load_config(scratch_.file("config.yaml"), {flags, {}});
    }
    ScratchDirectory scratch_;
};

TEST_F(DebuginfodSettings, NobodyIsAskedOfItsOwnAccord) {
    ASSERT_EQ(setenv("DEBUGINFOD_URLS", kServer, 1), 0);
    const auto config = load("");
    unsetenv("DEBUGINFOD_URLS");
    EXPECT_THAT(config->stacks.debuginfod, ElementsAre());
}

TEST_F(DebuginfodSettings, ServersAreATextOrAList) {
    EXPECT_THAT(load(std::string("stacks: {debuginfod: '") + kServer + "  " + kOwn + "'}")->stacks.debuginfod,
                ElementsAre(kServer, kOwn));
    EXPECT_THAT(load(std::string("stacks:\n  debuginfod:\n    - ") + kServer + "\n    - " + kOwn + "\n")->stacks.debuginfod,
                ElementsAre(kServer, kOwn));
    EXPECT_THAT(load("stacks: {debuginfod: []}")->stacks.debuginfod, ElementsAre());
}

TEST_F(DebuginfodSettings, TheFlagWins) {
    const std::string file = std::string("stacks: {debuginfod: '") + kServer + "'}";
    EXPECT_THAT(load(file, {{"stacks.debuginfod", kOwn}})->stacks.debuginfod, ElementsAre(kOwn));
    EXPECT_THAT(load(file, {{"stacks.debuginfod", "none"}})->stacks.debuginfod, ElementsAre());
}

TEST_F(DebuginfodSettings, WhatIsNoServerIsSaid) {
    for (const std::string bad :
         {"debuginfod.example.org", "file:///srv/debug", "ftp://example.org", "http://", "https:///x", "true"}) {
        const auto config = load("stacks: {debuginfod: '" + bad + "'}");
        ASSERT_FALSE(config) << bad;
        EXPECT_EQ(config.error().exit_code, ExitCode::kBadConfig);
        EXPECT_THAT(config.error().what, HasSubstr(":1: stacks.debuginfod: '" + bad + "' is no URL of a debuginfod server"));
    }
    EXPECT_THAT(load("stacks: {debuginfod: {url: x}}").error().what,
                HasSubstr("stacks.debuginfod needs a value or a list: URLS"));
    EXPECT_THAT(load("stacks: {debuginfod: [[x]]}").error().what, HasSubstr("stacks.debuginfod needs a value or a list"));
}

TEST_F(DebuginfodSettings, ItsDirectoryAndPatienceCanBeSet) {
    const auto config = load("stacks: {debuginfod_cache: /srv/debug, debuginfod_patience: 2m}");
    EXPECT_EQ(config->stacks.debuginfod_cache, "/srv/debug");
    EXPECT_EQ(config->stacks.debuginfod_patience_nanoseconds, 120'000'000'000U);
    EXPECT_EQ(Config{}.stacks.debuginfod_patience_nanoseconds, 30'000'000'000U);
}

}  // namespace
}  // namespace footfall
