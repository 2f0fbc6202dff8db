// A client of debuginfod with a cache of its own, and a server that has two builds, or does as a test says.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "symbolizer/debuginfod/debuginfod_client.h"
#include "symbolizer/debuginfod/debuginfod_fetch.h"
#include "tests/unit/symbolizer/own_worker.h"
#include "tests/unit/symbolizer/programs.h"
#include "tests/unit/symbolizer/scripted_server.h"

namespace footfall {

inline constexpr const char* kBuild = "1111111122222222333333334444444455555555";
inline constexpr const char* kOther = "9999999988888888777777776666666655555555";

// Programs with debug information, of these builds. Empty where no compiler is there.
class Debuginfod : public testing::Test {
protected:
    using Client = ScriptedServer::Client;

    static const std::string& bytes_of(const std::string& build_id) {
        static const ScratchDirectory kDirectory;
        static std::map<std::string, std::string> made;
        if (!made.contains(build_id)) {
            const std::string path =
                build(kDirectory, "p" + build_id.substr(0, 4) + ".cc", kInlinedSource, "-g -Wl,--build-id=0x" + build_id);
            made[build_id] = path.empty() ? "" : contents_of(path);
        }
        return made[build_id];
    }
    void SetUp() override {
        if (bytes_of(kBuild).empty() || bytes_of(kOther).empty()) GTEST_SKIP() << "no compiler";
        if (!has_library()) GTEST_SKIP() << "no libdebuginfod";
    }
    static bool has_library() {
        return run("ldconfig -p | grep -q libdebuginfod.so.1 || /sbin/ldconfig -p | grep -q libdebuginfod.so.1");
    }

    [[nodiscard]] DebuginfodOptions options(std::vector<std::string> urls) const {
        DebuginfodOptions options;
        options.urls = std::move(urls);
        options.cache_directory = cache_.file("debuginfod");
        options.command = {"/proc/self/exe", kFetchArgument};
        return options;
    }
    Miss miss_of(DebuginfodClient& client, const std::string& build_id = kBuild) {
        const auto found = client.find(symbolizer_, build_id);
        return found ? Miss::kNone : found.error();
    }
    // The files in the cache that a client may use later; nothing else may be left there.
    std::set<std::string> kept() {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(cache_.file("debuginfod")))
            names.insert(entry.path().filename().string());
        return names;
    }
    static void serve_build(Client& client, const std::string& path) {
        for (const char* id : {kBuild, kOther}) {
            if (path == std::string("/buildid/") + id + "/debuginfo") return void(client.answer("200 OK", bytes_of(id)));
        }
        client.answer("404 Not Found", "not found");
    }

    ScratchDirectory cache_;
    SymbolizerClient symbolizer_{own_worker()};
};

}  // namespace footfall
