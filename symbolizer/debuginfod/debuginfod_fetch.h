// The process that asks a debuginfod server for one debug file, so that the agent never talks to a network: footfall started
// again, without any privilege (sandbox.h), for as long as one download takes. It is handed an empty file, into which it
// writes what came, and a directory of its own for libdebuginfod, which keeps its downloads on disk.
//
// Only here is libdebuginfod loaded; it brings an HTTP client and a TLS library with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace footfall {

// Where the helper finds its files.
constexpr int kFetchedFile = 3;
constexpr int kFetchDirectory = 4;

// The variable that tells it the server: command lines are there for everyone to see, and a URL may hold a password.
constexpr const char* kFetchUrl = "DEBUGINFOD_URLS";

struct FetchOrder {
    std::string build_id;  // lower-case hex
    std::uint64_t max_bytes = 0;
    std::chrono::milliseconds time{0};     // until the whole file is there
    std::chrono::milliseconds silence{0};  // without a new byte
};

// As arguments of the helper, and back.
std::vector<std::string> arguments_of(const FetchOrder& order);
std::optional<FetchOrder> order_of(const std::vector<std::string>& arguments);

// For main(), before it does anything else; arguments: behind the word that main() knows it by. Returns the program's exit
// code, a number of Miss: kNone where the file is there.
int run_debuginfod_fetch(const std::vector<std::string>& arguments);

}  // namespace footfall
